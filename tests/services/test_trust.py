from dataclasses import replace

from components.trust import HIDDEN, groups_panel, suggestions, trust_csv
from domain.clock import MINUTE, SECOND
from services.rows.trust import FEWEST, Trust
from services.trust import Fact, bins, rows

FACT = Fact("m 1", "CNC-11", "supervisor", "p0", False, False, True, 2 * MINUTE, 0.7, "degraded")


def people(count: int, **changes) -> list[Fact]:
    return [replace(FACT, decided_by=f"p{k}", **changes) for k in range(count)]


def test_behaviour_is_never_shown_for_fewer_than_five_people() -> None:
    few = people(FEWEST - 1) * 30
    assert all(row.behaviour is None for row in rows(few))
    assert HIDDEN in groups_panel(rows(few)) and "100 %" not in groups_panel(rows(few))
    assert HIDDEN in trust_csv(Trust(rows(few), (), ())).decode("utf-8-sig")
    enough = rows(people(FEWEST))
    assert enough[0].behaviour is not None and enough[0].behaviour.people == FEWEST
    mixed = rows([*people(FEWEST), *people(FEWEST - 1, role="maintenance planner")])
    by_name = {row.name: row.behaviour for row in mixed}
    assert by_name["supervisor"] is not None and by_name["maintenance planner"] is None


def test_rates_count_only_what_was_found() -> None:
    facts = [
        *people(3), *people(2, finding="nothing_found"), *people(5, finding="", took_us=4 * SECOND),
        *people(2, overridden=True, rejected=True, approved=False, finding="nothing_found"),
        *people(1, overridden=True, rejected=True, approved=False, finding="failed"),
    ]  # fmt: skip
    every = rows(facts)[0]
    assert (every.cases, every.judged, every.right) == (13, 8, 4)
    behaviour = every.behaviour
    assert behaviour is not None
    assert behaviour.overrides_right == 2 / 3 and behaviour.overridden == 3 / 13
    assert behaviour.under_10_s == 0.5
    assert any("ten seconds" in line for line in suggestions(behaviour))


def test_calibration_sets_the_stated_risk_beside_what_was_found() -> None:
    found = bins(
        [*people(3, risk=0.8), *people(1, risk=0.9, finding="nothing_found"), *people(4, finding="")]
    )
    assert [(b.low, b.judged, b.found) for b in found] == [(0.6, 4, 0.75)]
    assert round(found[0].stated, 3) == 0.825
