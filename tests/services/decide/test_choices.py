"""The choices of a card from the plant's own rows: changeovers, another machine, inputs, starts that pass."""

import pytest
from sqlalchemy import insert, select, update

from auth.permissions import Role
from data.store import tables as t
from data.store.database import Database
from domain.cases import CaseState
from domain.clock import DAY, HOUR, MINUTE, wall_us
from domain.costs import Spare
from domain.evidence import Alternative, Evidence, Payload, alternatives_from_json
from domain.messages import MaintenanceOrder
from domain.recommendation import Choice, soonest
from services.commands.acting import Changes
from services.line_plan import plan_of
from services.planning import propose, replanned
from services.recommend import Recommender
from services.spare import spare_for
from tests.kits.pen import SigningCommands
from tests.services.decide.plant import CNC_11, CNC_12, LINE, SITE, Plant


def order(database: Database, name: str, start_us: int, end_us: int, product: str) -> None:
    with database.write() as tx:
        tx.execute(
            insert(t.orders).values(
                instance="line-1", order_id=name, line_id=LINE, product_id=product, quantity=10,
                planned_start_us=start_us, planned_end_us=end_us, due_us=end_us,
                status="Released", updated_us=0,
            )
        )  # fmt: skip


def operation(database: Database, unit: str, name: str, start_us: int, setup_us: int | None = None) -> None:
    with database.write() as tx:
        tx.execute(
            insert(t.operations).values(
                instance="line-1", operation_id=f"{name}-{unit[-2:]}-{start_us}", order_id=name,
                equipment_id=unit, product_id="P-1",
                start_us=start_us, end_us=None if setup_us is None else start_us + HOUR,
                setup_end_us=None if setup_us is None else start_us + setup_us, updated_us=0,
            )
        )  # fmt: skip


def rate(database: Database, unit: str, cycle_s: float) -> None:
    with database.write() as tx:
        tx.execute(
            insert(t.product_rates).values(
                instance="line-1", product_id="P-1", equipment_id=unit, planned_cycle_s=cycle_s,
                basis="planned", valid_from_us=0, updated_us=0,
            )
        )  # fmt: skip


def stretch(database: Database, unit: str, from_us: int, hours: int, leaf: str, cause: str) -> None:
    with database.write() as tx:
        tx.execute(
            insert(t.intervals).values(
                equipment_id=unit, from_us=from_us, to_us=from_us + hours * HOUR, leaf=leaf, cause=cause,
                state=6, source="packml", charged_to="", order_id="", product_id="", off_plan=False,
                provisional=False,
            )
        )  # fmt: skip


def listed(plant: Plant) -> dict[str, Alternative]:
    return {a.key: a for a in alternatives_from_json(plant.case()["alternatives"])}


def starts(plant: Plant) -> list[int]:
    works = [Payload.from_json(row["payload"]).work for row in plant.commands(plant.case()["case_id"])]
    return [work.start_us for work in works if isinstance(work, MaintenanceOrder)]


def test_a_changeover_stands_for_as_long_as_setups_usually_take(plant: Plant, database: Database) -> None:
    now = wall_us()
    order(database, "A", now - HOUR, now + HOUR, "P-1")
    order(database, "B", now + HOUR, now + 8 * HOUR, "P-2")
    order(database, "C", now + 8 * HOUR, now + 9 * HOUR, "P-2")
    with database.read() as tx:
        assert not plan_of(tx, "UTC", LINE, now)[1].changeovers  # nobody knows how long one takes
    for n, minutes in enumerate((30, 40, 50)):
        operation(database, CNC_11, f"old-{n}", now - (n + 2) * DAY, minutes * MINUTE)
    with database.read() as tx:
        producing, calendar = plan_of(tx, "UTC", LINE, now)
    assert calendar.changeovers == {now + HOUR}  # C makes what B made
    assert (now + HOUR, now + HOUR + 40 * MINUTE) in calendar.gaps
    assert producing and not any(a < now + HOUR + MINUTE < b for a, b in producing)


def spare(database: Database) -> Spare | str:
    with database.read() as tx:
        return spare_for(tx, CNC_11, "cnc", wall_us())


def test_another_machine_takes_the_work_only_when_it_can(plant: Plant, database: Database) -> None:
    now = wall_us()
    assert spare(database) == "the MES names no running order for this machine"
    operation(database, CNC_11, "A", now - HOUR)
    rate(database, CNC_11, 40.0)
    assert spare(database) == "no other cnc has a planned rate for P-1"
    rate(database, CNC_12, 80.0)
    operation(database, CNC_12, "A", now - HOUR)
    assert spare(database) == "those that can make P-1 work on the same order"
    with database.write() as tx:
        tx.execute(update(t.operations).where(t.operations.c.equipment_id == CNC_12).values(order_id="Z"))
    assert spare(database) == "nobody has measured yet how busy the others are"
    stretch(database, CNC_12, now - 20 * HOUR, 6, "production", "running")
    stretch(database, CNC_12, now - 14 * HOUR, 6, "delay", "idle")
    stretch(database, CNC_12, now - 8 * HOUR, 5, "outside", "no_shift")
    # idle half of the planned time, at half the speed: a quarter of the output
    assert spare(database) == Spare(CNC_12, "CNC-12", 0.25, 0)
    Recommender(database).consider(plant.predict(0.9, unit=CNC_12))
    assert spare(database) == "those that can make P-1 have an open case themselves"


def test_moving_the_work_goes_out_with_the_order(
    plant: Plant, database: Database, recommender: Recommender, desk: SigningCommands
) -> None:
    now = wall_us()
    operation(database, CNC_11, "A", now - HOUR)
    for unit in (CNC_11, CNC_12):
        rate(database, unit, 40.0)
    stretch(database, CNC_12, now - 14 * HOUR, 6, "delay", "idle")
    recommender.consider(plant.predict(0.95))
    assert listed(plant)[Choice.OTHER_MACHINE].counted
    case = plant.case()
    manager = plant.person(Role.PLANT_MANAGER)
    desk.approve(manager, case["case_id"], case["version"], "act-00000001", Changes(Choice.OTHER_MACHINE))
    assert plant.case()["title"] == "Replace bearings on CNC-11 now, CNC-12 takes over"
    work = Payload.from_json(plant.commands(case["case_id"])[0]["payload"]).work
    assert (
        isinstance(work, MaintenanceOrder)
        and work.task == "Replace bearings; CNC-12 takes the work meanwhile"
    )
    assert plant.case()["benefit_cents"] > 0


def test_the_card_lists_every_choice_and_every_input(plant: Plant, recommender: Recommender) -> None:
    recommender.consider(plant.predict(0.9))
    found = listed(plant)
    assert {c.value for c in Choice} - {Choice.AT_TIME, Choice.WHEN_PART_ARRIVES} <= set(found)
    assert found[Choice.WEEK_END].counted or "week-end" in found[Choice.WEEK_END].why_not
    assert found[Choice.OTHER_MACHINE].why_not and found[Choice.SLOW_DOWN].counted
    inputs = Evidence.from_json(plant.case()["evidence"]).inputs
    by_label = {one.label: one for one in inputs}
    assert by_label["Risk of a failure within 24 h"].value == 0.9
    assert by_label["A stop, per producing hour"].source.startswith("built in")
    price = by_label["CNC bearing set: price"]
    assert (price.value, price.unit, price.source) == (76_800, "cents", "stock of the ERP") and price.since_us
    assert all(one.source for one in inputs)


def test_stated_rates_say_where_and_since_when(
    plant: Plant, database: Database, recommender: Recommender
) -> None:
    rates = {
        "downtime_cents_per_hour": 90_000, "labour_cents_per_hour": 6_000, "unplanned_factor": 3.0,
        "call_out_s": 3_600, "collateral_cents": 0, "emergency_delivery_s": 86_400, "alarm_catches": 0.2,
        "alarm_lead_s": 3_600, "inspection_finds": 0.9, "inspection_misleads": 0.1, "slow_speed": 0.5,
        "stated_us": 77,
    }  # fmt: skip
    with database.write() as tx:
        tx.execute(insert(t.cost_rates).values(equipment_id=SITE, **rates))
    recommender.consider(plant.predict(0.9))
    inputs = {one.label: one for one in Evidence.from_json(plant.case()["evidence"]).inputs}
    slow = inputs["Slow running, share of the usual speed"]
    assert (slow.value, slow.source, slow.since_us) == (0.5, "stated for NORTH", 77)


def pass_by(database: Database, us: int) -> None:
    """Plant time jumps ahead."""
    with database.write() as tx:
        tx.execute(update(t.clocks).values(origin_plant_us=t.clocks.c.origin_plant_us + us))


def test_orders_that_are_to_begin_at_once_move_on_with_time(
    plant: Plant, database: Database, recommender: Recommender
) -> None:
    recommender.consider(plant.predict(0.97))
    before, ids = plant.case(), [row["command_id"] for row in plant.commands(plant.case()["case_id"])]
    assert before["advised"] == Choice.NOW and recommender.renew_all() == 0
    pass_by(database, 40 * MINUTE)
    assert recommender.renew_all() == 1 and recommender.renew_all() == 0
    after = plant.case()
    assert (after["version"], after["deadline_us"]) == (before["version"], before["deadline_us"])
    assert [row["command_id"] for row in plant.commands(after["case_id"])] == ids
    assert min(starts(plant)) >= wall_us() + 40 * MINUTE


def test_a_stop_of_the_plan_that_has_passed_is_proposed_anew(
    plant: Plant, database: Database, recommender: Recommender
) -> None:
    recommender.consider(plant.predict(0.85))
    case = plant.case()
    with database.write() as tx:
        plan = replanned(tx, case, wall_us(), Choice.SHIFT_CHANGE)
        propose(tx, case["case_id"], plan.commands(plan.advice.advised), wall_us())
        tx.execute(update(t.cases).values(advised="shift_change", kind="raised", deadline_us=wall_us() + DAY))
    first = starts(plant)
    pass_by(database, 5 * HOUR)
    assert recommender.renew_all() == 1
    after = plant.case()
    assert after["version"] == case["version"] + 1 and after["advised"] == Choice.SHIFT_CHANGE
    assert min(starts(plant)) == first[0] + 8 * HOUR
    assert plant.actions(case["case_id"])[-1] == "proposal renewed, its start had passed"


def test_a_start_that_a_person_asked_for_expires_with_its_time(
    plant: Plant, database: Database, recommender: Recommender
) -> None:
    recommender.consider(plant.predict(0.85))
    with database.write() as tx:
        tx.execute(update(t.cases).values(advised="at_time", deadline_us=wall_us() + DAY))
    pass_by(database, 5 * HOUR)
    assert recommender.renew_all() == 1
    after = plant.case()
    assert (after["state"], after["reason"]) == (CaseState.EXPIRED, "The start that was asked for has passed")
    with database.read() as tx:
        assert tx.execute(select(t.outbox)).first() is None


def test_soonest_leaves_time_to_prepare() -> None:
    assert soonest(0) == 15 * MINUTE and soonest(1) == 20 * MINUTE


@pytest.mark.parametrize("stopped", [True, False])
def test_advice_of_a_stopped_model_is_not_renewed(
    plant: Plant, database: Database, recommender: Recommender, *, stopped: bool
) -> None:
    recommender.consider(plant.predict(0.97))
    if stopped:
        with database.write() as tx:
            tx.execute(
                insert(t.ai_stops).values(
                    stop_id="s", site_id=SITE, model_name="", drill=False, open_key=f"{SITE}||stop",
                    reason="r", stopped_by="x", printed_name="x", meaning="m", record_hash="h", stopped_us=0,
                    stopped_wall_us=0, effect="{}", resume_reason="",
                )
            )  # fmt: skip
    pass_by(database, 40 * MINUTE)
    assert recommender.renew_all() == (not stopped)
