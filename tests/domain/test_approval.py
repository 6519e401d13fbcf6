from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.approval import (
    Authority,
    Emergency,
    Given,
    Matter,
    Part,
    Person,
    Policy,
    Quiet,
    Rule,
    Step,
    check_emergency,
    check_ratifier,
    check_role,
    grant,
)
from domain.clock import HOUR, MINUTE, micros
from domain.errors import Forbidden, InvalidInput
from domain.telling import clock_minutes, may_tell_at, steps_due

BERLIN = ZoneInfo("Europe/Berlin")
ALL = frozenset({"supervisor", "planner", "manager"})
ANY = Rule("any", ALL)
POLICY = Policy(
    "p",
    {"supervisor": 100, "planner": 500, "manager": 10_000},
    {Part.PRODUCTION: frozenset({"supervisor"}), Part.MAINTENANCE: frozenset({"planner"})},
    (ANY,),
    emergency=Emergency(frozenset({"supervisor"}), frozenset({"manager"}), HOUR),
)


def ruled(*rules: Rule) -> Policy:
    return replace(POLICY, rules=(*rules, ANY))


def matter(cost: int = 50, proposed_by: str = "model", **more: object) -> Matter:
    values = {"kind": "failure_risk", "risk": 0.5, "equipment_id": "n/a/l/u", **more}
    return Matter(cost_cents=cost, proposed_by=proposed_by, **values)  # type: ignore[arg-type]


def person(who: str, role: str, **lent: str) -> Person:
    rights = (Authority(who, frozenset({role})), *(Authority(k, frozenset({v})) for k, v in lent.items()))
    return Person(who, rights)


def signed(who: str, role: str, part: Part) -> Given:
    return Given(part, who, POLICY.limits[role])


def test_the_limit_counts_to_the_cent() -> None:
    assert grant(POLICY, matter(100), (), person("a", "supervisor")).releases
    with pytest.raises(Forbidden, match="above what you may approve"):
        grant(POLICY, matter(101), (), person("a", "supervisor"))


def test_the_proposer_never_decides_alone_nor_through_a_deputy() -> None:
    with pytest.raises(Forbidden, match="proposed this"):
        grant(POLICY, matter(50, "a"), (), person("a", "supervisor"))
    with pytest.raises(Forbidden, match="proposed this"):
        grant(POLICY, matter(400, "b"), (), person("b", "supervisor", c="planner"))
    with pytest.raises(Forbidden):
        grant(POLICY, matter(400, "c"), (), person("b", "supervisor", c="planner"))
    assert grant(POLICY, matter(400), (), person("b", "supervisor", c="planner")).holder_id == "c"


def test_whoever_entered_the_limits_signs_no_part_of_a_move_nor_does_a_deputy_of_theirs() -> None:
    move = matter(0, kind="set_point", limits_by="a")
    with pytest.raises(Forbidden, match="entered the validated limits"):
        grant(POLICY, move, (), person("a", "supervisor", c="manager"))
    manager = Rule("moves", frozenset({"manager"}), kinds=frozenset({"set_point"}))
    with pytest.raises(Forbidden, match="entered the validated limits"):
        grant(ruled(manager), move, (), person("b", "supervisor", a="manager"))
    both = ruled(Rule("both", ALL, kinds=frozenset({"set_point"}), two_consents=True))
    first = [signed("b", "supervisor", Part.PRODUCTION)]
    with pytest.raises(Forbidden, match="entered the validated limits"):
        grant(both, move, first, person("a", "planner"))
    assert grant(both, move, first, person("c", "planner")).releases
    assert grant(POLICY, move, (), person("b", "supervisor", a="manager")).holder_id == "b"


def test_four_eyes_are_two_people_and_the_first_covers_the_cost() -> None:
    policy, case = ruled(Rule("dear", ALL, min_cost_cents=60, four_eyes_above_cents=60)), matter(90)
    with pytest.raises(Forbidden, match="proposed this"):
        grant(policy, matter(90, "a"), (), person("a", "supervisor"))
    with pytest.raises(Forbidden, match="above"):
        grant(policy, matter(400), (), person("a", "supervisor"))
    first = grant(policy, case, (), person("a", "supervisor"))
    assert (first.part, first.releases, first.missing) == (Part.DECISION, False, (Part.SECOND,))
    had = (signed("a", "supervisor", Part.DECISION),)
    with pytest.raises(Forbidden, match="signed this already"):
        grant(policy, case, had, person("a", "supervisor"))
    assert grant(policy, case, had, person("b", "supervisor")).releases
    assert grant(policy, matter(90, "b"), had, person("b", "supervisor")).part is Part.SECOND


def test_a_deputy_is_no_second_person() -> None:
    policy, case = ruled(Rule("dear", ALL, min_cost_cents=60, four_eyes_above_cents=60)), matter(90)
    had = (signed("a", "manager", Part.DECISION),)
    with pytest.raises(Forbidden):
        grant(policy, case, had, Person("b", (Authority("a", frozenset({"manager"})),)))
    lent = (Given(Part.DECISION, "b", POLICY.limits["manager"], "a"),)
    with pytest.raises(Forbidden):
        grant(policy, case, lent, person("a", "manager"))
    assert grant(policy, case, had, person("b", "supervisor", a="manager")).holder_id == "b"


def test_two_consents_come_from_two_departments_in_any_order() -> None:
    policy = ruled(Rule("stop", ALL, two_consents=True))
    supervisor, planner = person("a", "supervisor"), person("b", "planner")
    assert grant(policy, matter(400), (), supervisor).part is Part.PRODUCTION
    assert grant(policy, matter(400), (), planner).missing == (Part.PRODUCTION,)
    assert grant(policy, matter(400), (signed("a", "supervisor", Part.PRODUCTION),), planner).releases
    assert grant(policy, matter(400), (signed("b", "planner", Part.MAINTENANCE),), supervisor).releases
    with pytest.raises(Forbidden, match="above"):  # neither of the two covers the cost
        grant(policy, matter(501), (signed("b", "planner", Part.MAINTENANCE),), supervisor)
    with pytest.raises(Forbidden, match="role"):
        grant(policy, matter(400), (signed("b", "planner", Part.MAINTENANCE),), person("c", "planner"))


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        (Rule("r", ALL, kinds=frozenset({"raised"})), False),
        (Rule("r", ALL, places=("n/a",)), True),
        (Rule("r", ALL, places=("n/b",)), False),
        (Rule("r", ALL, min_cost_cents=50), True),
        (Rule("r", ALL, min_cost_cents=51), False),
        (Rule("r", ALL, max_cost_cents=50), False),
        (Rule("r", ALL, max_cost_cents=51), True),
        (Rule("r", ALL, min_risk=0.5), True),
        (Rule("r", ALL, min_risk=0.51), False),
    ],
)
def test_the_first_rule_that_matches_counts(rule: Rule, matches: bool) -> None:
    assert ruled(rule).rule_for(matter()) is (rule if matches else ANY)


def test_a_policy_says_something_to_every_case() -> None:
    with pytest.raises(InvalidInput):
        replace(POLICY, rules=(Rule("r", ALL, min_risk=0.5),))
    with pytest.raises(InvalidInput):
        replace(POLICY, rules=(Rule("r", ALL, two_consents=True),), consents={})


def test_rejecting_asks_for_a_role_that_decides() -> None:
    dear = ruled(Rule("dear", frozenset({"manager"}), min_cost_cents=1_000))
    check_role(dear, matter(5_000), person("m", "manager"))
    check_role(dear, matter(5), person("a", "supervisor"))
    check_role(
        ruled(Rule("both", frozenset({"manager"}), two_consents=True)), matter(), person("p", "planner")
    )
    with pytest.raises(Forbidden):
        check_role(dear, matter(5_000), person("a", "supervisor"))
    check_role(dear, matter(5_000), person("a", "supervisor", m="manager"))


def test_who_acts_alone_does_not_ratify() -> None:
    check_emergency(POLICY, person("a", "supervisor"), "model")
    check_emergency(POLICY, person("a", "supervisor", b="supervisor"), "b")
    for who, proposer in (
        (person("a", "planner"), "model"),
        (person("a", "supervisor"), "a"),
        (person("a", "planner", b="supervisor"), "b"),
    ):
        with pytest.raises(Forbidden):
            check_emergency(POLICY, who, proposer)
    check_ratifier(POLICY, "a", person("m", "manager"))
    for who in (person("a", "manager"), person("b", "planner"), person("b", "planner", a="manager")):
        with pytest.raises(Forbidden):
            check_ratifier(POLICY, "a", who)


def test_steps_come_with_the_time_that_is_gone() -> None:
    steps = tuple(Step(share, "approver", ("app",)) for share in (0, 0.5, 0.8))
    policy = replace(POLICY, escalation=steps)
    assert [steps_due(policy, 0, 100, now) for now in (0, 49, 50, 80, 500)] == [
        (0,), (0,), (0, 1), (0, 1, 2), (0, 1, 2),
    ]  # fmt: skip


def at(text: str) -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=BERLIN))


@pytest.mark.parametrize(
    ("now", "deadline", "leaves"),
    [
        ("2026-11-21 21:59", "2026-11-22 09:00", "2026-11-21 21:59"),
        ("2026-11-21 22:00", "2026-11-22 09:00", "2026-11-22 06:00"),
        ("2026-11-22 05:59", "2026-11-22 09:00", "2026-11-22 06:00"),
        ("2026-11-22 06:00", "2026-11-22 09:00", "2026-11-22 06:00"),
        ("2026-11-21 23:00", "2026-11-22 06:00", "2026-11-21 23:00"),
        ("2026-11-21 23:00", "2026-11-22 07:00", "2026-11-21 23:00"),
        ("2026-10-24 23:00", "2026-10-25 12:00", "2026-10-25 06:00"),  # the night with an hour more
        ("2026-03-28 23:00", "2026-03-29 12:00", "2026-03-29 06:00"),  # the night with an hour less
    ],
)
def test_quiet_hours_in_the_plants_own_time(now: str, deadline: str, leaves: str) -> None:
    assert may_tell_at(Quiet(22 * 60, 6 * 60), "Europe/Berlin", at(now), at(deadline)) == at(leaves)


@for_all(
    st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 400 * 24 * 60), st.integers(1, 3 * 24 * 60)
)
def test_quiet_hours_never_delay_beyond_a_deadline(begin: int, end: int, minute: int, left: int) -> None:
    now = at("2026-01-01 00:00") + minute * MINUTE
    leaves = may_tell_at(Quiet(begin, end, 0), "Europe/Berlin", now, now + left * MINUTE)
    assert now <= leaves < now + max(1, left) * MINUTE


def test_times_of_day() -> None:
    assert [clock_minutes(x) for x in ("00:00", "22:30", "24:00")] == [0, 1350, 0]
    for wrong in ("", "25:00", "12:60", "noon", "12"):
        with pytest.raises(InvalidInput):
            clock_minutes(wrong)
