"""What a move of a set point saves in a week, and why nothing is shown where nobody knows."""

from dataclasses import asdict

import pytest
from sqlalchemy import delete, insert, update

from auth.permissions import Role
from data.store import tables as t
from domain.clock import DAY, HOUR, Clock, wall_us
from domain.cost_inputs import Rates
from domain.costs import Cost
from domain.evidence import Evidence
from domain.saving import PartCost, saved_a_week
from services.commands.acting import Changes
from services.commands.process import ProcessCommands
from services.context import Context
from services.queries.decide import DecideQueries
from services.rows.site import SiteRow
from tests import factories as f
from tests.kits.pen import SigningCommands
from tests.services.process.case_kit import cases, champion, look, said
from tests.services.process.kit import FORCE, LINE, SPEED, press, ran

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
# 2,000 parts in ten days are 1,400 a week; half of the bad ones are scrapped, at 20 s of 360 an hour each
SAVED = (1_680, 1_120, 2_100)


@pytest.fixture
def unit(database):
    """A press that sets the pace, with two operations in ten days; an hour of its line costs 360."""
    with database.write() as tx:
        f.site(tx, speed=1e-6)
        unit = press(tx)
        for number, start_us in enumerate((f.NOW - 10 * DAY, f.NOW - 20 * HOUR)):
            ran(tx, unit, number, {FORCE: 420.0, SPEED: 280.0}, set_point=420.0, start_us=start_us)
        tx.execute(update(t.quality_results).values(good=980.0, rework=10.0))
        rate = {"instance": "line-2", "product_id": "P-201", "equipment_id": unit, "planned_cycle_s": 40.0}
        rest = {"cavities": 2, "basis": "planned", "valid_from_us": 1, "updated_us": 1}
        tx.execute(insert(t.product_rates).values(**rate, **rest))
        stated = Rates(downtime_cents_per_hour=36_000)
        tx.execute(insert(t.cost_rates).values(equipment_id=LINE, stated_us=f.NOW - DAY, **asdict(stated)))
        champion(tx)
        pia = f.account(tx, "pia", [Role.PLANT_MANAGER], ("north",))
    ProcessCommands(database).set_limits(pia, LINE, "P-201", FORCE, 400.0, 445.0, "T-17", "trial")
    return unit


def opened(database, unit):
    look(database, said(unit))
    (case,) = cases(database)
    return case, Evidence.from_json(case["evidence"])


def money(case):
    return tuple(case[name] for name in ("benefit_cents", "benefit_low_cents", "benefit_high_cents"))


def test_the_saving_and_its_range_are_those_of_the_fall() -> None:
    of = PartCost(parts_a_week=1_400, scrapped=0.5, per_part_s=20, cents_per_hour=36_000)
    assert of.cents == pytest.approx(200)
    assert saved_a_week(-0.012, -0.015, -0.008, of) == Cost(*SAVED)


def test_the_case_says_what_is_saved_in_a_week_and_from_which_figures(database, unit) -> None:
    case, evidence = opened(database, unit)
    assert money(case) == SAVED and case["cost_cents"] == 0
    told = {one.label: (one.value, one.source) for one in evidence.inputs}
    assert told["Parts a week"] == (1_400, "first inspections here of the last 10 days")
    assert told["Of the bad parts, scrapped"][0] == pytest.approx(0.5)
    value, source = told["A scrapped part"]
    assert value == pytest.approx(200) and source.startswith("planned run time of 20.0 s on Press 21")
    assert told["A stop, per producing hour"] == (36_000, "stated for Line 2")
    assert "at the machine that sets the pace" in " ".join(evidence.assumptions)


def test_an_operation_that_ran_twice_counts_the_parts_of_its_order_once(database, unit) -> None:
    with database.write() as tx:
        o, p = t.operations, t.process_parameters
        for table in (o, p):
            rows = tx.execute(table.select()).mappings().all()
            again = [{**row, "operation_id": row["operation_id"] + "-again"} for row in rows]
            tx.execute(insert(table), again)
    assert money(opened(database, unit)[0]) == SAVED


WHY = {
    "rate": "no cost of an hour is stated for this line",
    "cycle": "no planned cycle is stated for this product on Press 21, which sets the pace",
    "young": "operations of this machine are known for less than a week",
    "rework": "no part of the last 10 days was scrapped here",
    "before": "Press 22 sets the pace of the line, and what is scrapped before it costs none of its time",
}


@pytest.mark.parametrize("missing", WHY)
def test_where_it_is_not_known_nothing_is_shown_and_why_is_said(database, unit, missing) -> None:
    with database.write() as tx:
        if missing == "rate":
            tx.execute(delete(t.cost_rates))
        if missing == "cycle":
            tx.execute(delete(t.product_rates))
        if missing == "young":
            tx.execute(delete(t.operations).where(t.operations.c.order_id == "WO-0"))
        if missing == "rework":
            tx.execute(update(t.quality_results).values(scrap=0.0))
        if missing == "before":
            press(tx, 22)
            e = t.equipment
            tx.execute(update(e).where(e.c.equipment_id == unit).values(constraint_unit=False))
            tx.execute(update(e).where(e.c.name == "Press 22").values(position=9))
    case, evidence = opened(database, unit)
    assert money(case) == (0, 0, 0) and evidence.inputs == ()
    assert evidence.assumptions == (f"What it saves is not counted: {WHY[missing]}.",)


def test_scrap_behind_the_machine_that_sets_the_pace_costs_the_time_of_that_machine(database, unit) -> None:
    with database.write() as tx:
        press(tx, 20)
        e, r = t.equipment, t.product_rates
        tx.execute(update(e).where(e.c.equipment_id == unit).values(constraint_unit=False))
        tx.execute(update(e).where(e.c.name == "Press 20").values(position=1))
        tx.execute(update(r).values(equipment_id=f"{LINE}/press-20", planned_cycle_s=80.0))
    case, _ = opened(database, unit)
    assert money(case) == tuple(2 * cents for cents in SAVED)


def test_another_value_than_the_advised_one_is_not_counted(database, unit) -> None:
    case, _ = opened(database, unit)
    with database.write() as tx:
        sue = f.account(tx, "sue", [Role.SUPERVISOR], ("north",))
    SigningCommands(database).approve(
        sue, case["case_id"], 1, "act-00001", Changes(reason="step by step", value=430.0)
    )
    assert money(cases(database)[0]) == (0, 0, 0)


def test_the_inbox_has_the_dearer_of_two_with_the_same_deadline_first(database, unit) -> None:
    opened(database, unit)
    with database.write() as tx:
        sue = f.account(tx, "sue", [Role.SUPERVISOR], ("north",))
        (row,) = tx.execute(t.cases.select()).mappings().all()
        less = {"case_id": "less", "number": row["number"] - 1, "open_key": "less", "benefit_cents": 900}
        tx.execute(insert(t.cases).values(**{**row, **less}))
    inbox = DecideQueries(_context(database, sue)).inbox()
    assert [one.benefit_cents for one in inbox.waiting] == [SAVED[0], 900]


def _context(database, actor):
    return Context(database, actor, SITE, Clock(f.NOW, wall_us()))
