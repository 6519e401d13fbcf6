from dataclasses import asdict

import pytest
from sqlalchemy import insert, select

from auth.permissions import Actor, Role
from auth.signatures import Credential
from data.store import stops
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, MINUTE, wall_us
from domain.errors import Forbidden, InvalidInput, NotFound, NotNow
from domain.evidence import Evidence
from domain.rules import BUILT_IN, RUNNING_HOURS, Limit
from services import audit
from services.commands.stopping import StopCommands
from services.fallback import watch_stopped
from services.recommend import Effect, Recommender
from tests.kits.pen import TYPED
from tests.services.decide.plant import CNC_11, CNC_12, MODEL, SITE, Plant

SHAKING = 9.5  # mm/s, above the built-in limit of 7.1


@pytest.fixture
def stopping(database: Database) -> StopCommands:
    return StopCommands(database)


@pytest.fixture
def manager(plant: Plant) -> Actor:
    return plant.person(Role.PLANT_MANAGER)


def readings(database: Database, unit: str, value: float, metric: str = "vibration_rms") -> None:
    now = wall_us()
    with database.write() as tx:
        row = {"equipment_id": unit, "name": metric, "unit": "mm/s", "kind": "gauge"}
        metric_id = tx.execute(insert(t.metrics).values(**row)).inserted_primary_key[0]
        same = {"metric_id": metric_id, "value": value, "quality": 192, "receive_us": now}
        rows = [{**same, "source_us": now - k * MINUTE} for k in range(1, 40)]
        tx.execute(insert(t.readings), rows)


def runs(database: Database, unit: str, hours: float) -> None:
    now = wall_us()
    row = {"equipment_id": unit, "state": 6, "mode": 1, "receive_us": now}
    with database.write() as tx:
        tx.execute(insert(t.states).values(**row, source_us=now - round(hours * HOUR)))


def test_a_stop_withdraws_advice_and_the_limits_open_cases_in_one_transaction(
    plant: Plant, recommender: Recommender, stopping: StopCommands, supervisor: Actor, database: Database
) -> None:
    advised = plant.case(recommender.consider(plant.predict(0.9)).case_id)
    readings(database, CNC_12, SHAKING)
    effect = stopping.stop(supervisor, SITE, "", "It contradicts the technicians", TYPED)
    assert effect.withdrawn == (advised["number"],) and effect.machines == (CNC_12,)
    withdrawn = plant.case(advised["case_id"])
    assert (withdrawn["state"], withdrawn["open_key"]) == ("withdrawn", None)
    assert "It contradicts the technicians" in withdrawn["reason"]
    fallback = plant.case()
    assert (fallback["kind"], fallback["number"], fallback["proposed_by"]) == (
        "limit",
        effect.opened[0],
        "limits",
    )
    evidence = Evidence.from_json(fallback["evidence"])
    assert "9.5 mm/s" in evidence.words and "7.1 mm/s" in evidence.words
    assert evidence.probability is None and fallback["prediction_id"] is None
    assert [c["kind"] for c in plant.commands(fallback["case_id"])] == ["inspection_order"]
    assert supervisor.name in effect.told
    messages = plant.rows(select(t.notices).where(t.notices.c.account_id == supervisor.account_id))
    assert [m["subject"] for m in messages] == ["AI stop"] and "contradicts" in messages[0]["body"]
    assert audit.verify(database).entries > 0


def test_advice_about_the_machine_that_shakes_gives_way_to_the_limit(
    plant: Plant, recommender: Recommender, stopping: StopCommands, supervisor: Actor, database: Database
) -> None:
    recommender.consider(plant.predict(0.9))
    readings(database, CNC_11, SHAKING)
    effect = stopping.stop(supervisor, SITE, MODEL, "odd", TYPED)
    assert effect.machines == (CNC_11,) and len(effect.opened) == 1


def test_the_recommender_obeys_at_once_and_goes_on_after_the_resume(
    plant: Plant, recommender: Recommender, stopping: StopCommands, supervisor: Actor, manager: Actor,
    database: Database,
) -> None:  # fmt: skip
    stopping.stop(supervisor, SITE, MODEL, "odd", TYPED)
    considered = recommender.consider(plant.predict(0.9))
    assert (considered.effect, considered.why) == (Effect.NOTHING, "the model is stopped")
    stop_id = _open_stop(database)
    with pytest.raises(Forbidden):
        stopping.resume(supervisor, stop_id, "all good", TYPED)
    with pytest.raises(InvalidInput):
        stopping.resume(manager, stop_id, "  ", TYPED)
    stopping.resume(manager, stop_id, "The sensor was replaced", TYPED)
    assert recommender.consider(plant.predict(0.9)).effect is Effect.OPENED
    with pytest.raises(NotNow):
        stopping.resume(manager, stop_id, "again", TYPED)


def test_a_stop_of_another_model_leaves_this_one_alone(
    plant: Plant, recommender: Recommender, stopping: StopCommands, supervisor: Actor, database: Database
) -> None:
    with database.write() as tx:
        row = dict(tx.execute(select(t.model_versions)).mappings().one())
        tx.execute(insert(t.model_versions).values(**row | {"name": "other"}))
    stopping.stop(supervisor, SITE, "other", "odd", TYPED)
    assert recommender.consider(plant.predict(0.9)).effect is Effect.OPENED


def test_a_drill_records_what_would_happen_and_stops_nothing(
    plant: Plant, recommender: Recommender, stopping: StopCommands, supervisor: Actor, database: Database
) -> None:
    case = plant.case(recommender.consider(plant.predict(0.9)).case_id)
    readings(database, CNC_12, SHAKING)
    effect = stopping.drill(supervisor, SITE, "", "Yearly rehearsal", TYPED)
    assert (effect.withdrawn, effect.opened, effect.machines) == ((case["number"],), (), (CNC_12,))
    assert plant.case()["case_id"] == case["case_id"] and plant.case()["state"] == "proposed"
    assert watch_stopped(database) == 0
    assert recommender.consider(plant.predict(0.95, unit=CNC_12)).effect is Effect.OPENED
    stopping.resume(supervisor, _open_stop(database), "Everybody knew what to do", TYPED)
    assert plant.rows(select(t.ai_stops.c.resume_reason))[0]["resume_reason"] == "Everybody knew what to do"
    actions = [r["action"] for r in plant.rows(select(t.audit).where(t.audit.c.subject_kind == "ai"))]
    assert actions == ["rehearsed the stop of the AI", "ended the drill"]


def test_limits_go_on_watching_while_stopped_and_stay_quiet_after_an_answer(
    plant: Plant, stopping: StopCommands, supervisor: Actor, database: Database
) -> None:
    stopping.stop(supervisor, SITE, "", "odd", TYPED)
    assert watch_stopped(database) == 0
    readings(database, CNC_11, SHAKING)
    assert (watch_stopped(database), watch_stopped(database)) == (1, 0)
    case = plant.case()
    plant.age(case["case_id"], state="expired", open_key=None, closed_us=wall_us())
    assert watch_stopped(database) == 0
    plant.age(case["case_id"], closed_us=wall_us() - 9 * HOUR)
    assert watch_stopped(database) == 1


def test_running_hours_count_since_the_last_maintenance(
    plant: Plant, stopping: StopCommands, supervisor: Actor, database: Database
) -> None:
    runs(database, CNC_11, 700)
    runs(database, CNC_12, 700)
    with database.write() as tx:
        row = {
            "instance": "line-1", "maintenance_id": "m1", "equipment_id": CNC_12, "kind": "preventive",
            "status": "done", "planned_us": 0, "end_us": wall_us() - 50 * HOUR, "updated_us": 0,
        }  # fmt: skip
        tx.execute(insert(t.maintenance).values(**row))
    effect = stopping.stop(supervisor, SITE, "", "odd", TYPED)
    assert effect.machines == (CNC_11,)
    assert "700 hours since its last maintenance" in Evidence.from_json(plant.case()["evidence"]).words


def test_a_lower_limit_counts_only_while_the_machine_runs(
    plant: Plant, stopping: StopCommands, manager: Actor, database: Database
) -> None:
    low = Limit("cnc", "pressure", 500.0, None, 1_800, "leak")
    with pytest.raises(InvalidInput, match="password"):
        stopping.state_limits(manager, SITE, [low])
    stopping.state_limits(manager, SITE, [low], TYPED)
    readings(database, CNC_11, 120.0, "pressure")
    readings(database, CNC_12, 120.0, "pressure")
    runs(database, CNC_11, 2)
    effect = stopping.stop(manager, SITE, "", "odd", TYPED)
    assert effect.machines == (CNC_11,)
    with database.read() as tx:
        assert stops.limits(tx, SITE) == ((low,), True)
    changed = plant.rows(select(t.audit).where(t.audit.c.action == "changed the fixed limits"))
    assert str(asdict(BUILT_IN[0])["high"]) in changed[0]["detail"]


def test_who_may_not_and_what_is_refused(
    plant: Plant, stopping: StopCommands, supervisor: Actor, operator: Actor
) -> None:
    with pytest.raises(Forbidden):
        stopping.stop(operator, SITE, "", "odd", TYPED)
    with pytest.raises(Forbidden):
        stopping.stop(plant.person(Role.SUPERVISOR, scope=f"{SITE}/machining"), SITE, "", "odd", TYPED)
    with pytest.raises(Forbidden):
        stopping.stop(supervisor, SITE, "", "odd", Credential("wrong"))
    with pytest.raises(InvalidInput):
        stopping.stop(supervisor, SITE, "", " ", TYPED)
    with pytest.raises(NotFound):
        stopping.stop(supervisor, SITE, "no_such_model", "odd", TYPED)
    stopping.stop(supervisor, SITE, "", "odd", TYPED)
    with pytest.raises(NotNow):
        stopping.stop(supervisor, SITE, MODEL, "odd", TYPED)
    assert RUNNING_HOURS not in {r["name"] for r in plant.rows(select(t.metrics.c.name))}


def _open_stop(database: Database) -> str:
    with database.read() as tx:
        return str(stops.under_way(tx, SITE)[0]["stop_id"])
