"""Every unplanned failure is asked about, once, with the facts of the day before it."""

import pytest
from sqlalchemy import insert, select

from auth.permissions import Role
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE, wall_us
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.failure_review import NEXT_STEPS, Verdict
from services.commands.reviews import ReviewCommands
from services.recommend import Recommender
from services.reviews import open_due
from tests.kits.pen import SigningCommands
from tests.services.decide.plant import CNC_11, CNC_12, Plant


def fail(database: Database, at_us: int, unit: str = CNC_11, kind: str = "corrective") -> None:
    with database.write() as tx:
        tx.execute(
            insert(t.maintenance).values(
                instance="line-1", maintenance_id=f"{unit}-{at_us}", equipment_id=unit, kind=kind,
                status="done", planned_us=at_us, start_us=at_us, end_us=at_us + HOUR, cause="bearing",
                updated_us=at_us,
            )
        )  # fmt: skip


def stop(database: Database, at_us: int, reason: str, *, planned: bool = False) -> None:
    with database.write() as tx:
        tx.execute(
            insert(t.downtimes).values(
                instance="line-1", downtime_id=f"d-{at_us}", equipment_id=CNC_12, start_us=at_us,
                reason=reason, planned=planned, fixed_us=at_us, updated_us=at_us,
            )
        )  # fmt: skip


def reviews(plant: Plant) -> list[dict[str, object]]:
    return plant.rows(select(t.failure_reviews).order_by(t.failure_reviews.c.failed_us))


def test_each_failure_opens_one_review_and_only_once(plant: Plant, database: Database) -> None:
    now = wall_us()
    fail(database, now - 2 * DAY)
    fail(database, now - DAY, kind="preventive")
    stop(database, now - 5 * HOUR, "Breakdown")
    stop(database, now - 6 * DAY, "No material")
    stop(database, now - 3 * DAY, "Breakdown", planned=True)
    assert open_due(database) == 2 and open_due(database) == 0
    found = reviews(plant)
    assert [(r["equipment_id"], r["proposed"], r["cause"]) for r in found] == [
        (CNC_11, "no_sensor", "bearing"), (CNC_12, "no_sensor", "")
    ]  # fmt: skip
    # the MES corrects the start by an hour: still the same failure
    fail(database, now - 2 * DAY - HOUR)
    assert open_due(database) == 0
    assert plant.actions(str(found[0]["review_id"])) == ["opened: why did we not see it?"]


def test_the_facts_are_those_of_the_day_before(plant: Plant, database: Database) -> None:
    now = wall_us()
    plant.predict(0.9, at_us=now - 3 * DAY)
    low = plant.predict(0.02, at_us=now - 5 * HOUR, above=False)
    fail(database, now - HOUR)
    plant.predict(0.95, at_us=now - 30 * MINUTE)
    open_due(database)
    row = reviews(plant)[0]
    assert (row["scored"], row["highest"], row["proposed"]) == (1, 0.02, "unpredictable")
    assert row["prediction_id"] == low


@pytest.mark.parametrize("act", ["nothing", "reject", "approve"])
def test_advice_before_the_failure_was_ignored_or_came_too_late(
    plant: Plant, database: Database, recommender: Recommender, desk: SigningCommands, act: str
) -> None:
    recommender.consider(plant.predict(0.9))
    case, manager = plant.case(), plant.person(Role.PLANT_MANAGER)
    if act == "reject":
        desk.reject(manager, case["case_id"], case["version"], "act-00000001", "sensor_wrong")
    if act == "approve":
        desk.approve(manager, case["case_id"], case["version"], "act-00000001")
    fail(database, wall_us())
    assert open_due(database) == 1
    row = reviews(plant)[0]
    assert row["case_id"] == case["case_id"]
    assert row["proposed"] == ("too_late" if act == "approve" else "ignored")


def test_a_person_settles_it_and_may_settle_it_anew(plant: Plant, database: Database) -> None:
    fail(database, wall_us() - HOUR)
    open_due(database)
    commands, supervisor = ReviewCommands(database), plant.person(Role.SUPERVISOR)
    review = str(reviews(plant)[0]["review_id"])
    with pytest.raises(InvalidInput, match="few words"):
        commands.settle(supervisor, review, 1, "unpredictable", "")
    assert commands.settle(supervisor, review, 1, "no_sensor", "") == "Settled: no sensor."
    row = reviews(plant)[0]
    assert (row["verdict"], row["next_step"]) == ("no_sensor", NEXT_STEPS[Verdict.NO_SENSOR])
    with pytest.raises(Conflict):
        commands.settle(supervisor, review, 1, "no_sensor", "")
    commands.settle(supervisor, review, 2, "unpredictable", "Ask the maker", "The cable was cut")
    assert reviews(plant)[0]["next_step"] == "Ask the maker"
    assert plant.actions(review)[1:] == ["settled: why did we not see it?"] * 2


def test_only_those_who_may_and_see_the_machine_settle(plant: Plant, database: Database) -> None:
    fail(database, wall_us() - HOUR)
    open_due(database)
    commands, review = ReviewCommands(database), str(reviews(plant)[0]["review_id"])
    with pytest.raises(Forbidden):
        commands.settle(plant.person(Role.OPERATOR), review, 1, "no_sensor", "")
    with pytest.raises(NotFound):
        commands.settle(plant.person(Role.SUPERVISOR, scope="south"), review, 1, "no_sensor", "")
    with pytest.raises(InvalidInput):
        commands.settle(plant.person(Role.SUPERVISOR), review, 1, "bad luck", "")
