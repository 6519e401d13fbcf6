"""Whatever says something about a machine and cause joins the one open case for it."""

import json

import numpy as np
import pytest
from sqlalchemy import Connection, insert, select, update

from auth.permissions import Role
from data.store import oddities as oddity_store
from data.store import signals as store
from data.store import tables as t
from data.store.database import Database
from domain.cases import CaseKind, CaseState
from domain.clock import HOUR, MINUTE, wall_us
from domain.recommendation import Choice
from domain.telemetry import MachineState
from services.joining import Effect, Signal, Source, take_in
from services.recommend import Effect as Considered
from services.recommend import Recommender
from services.sources import alarms, anomalies, oddities, outlooks, shortages
from services.sources.watch import SourceWatch
from services.spc import multivariate
from tests.kits.pen import SigningCommands
from tests.services.decide.plant import CNC_11, CNC_12, LINE, PART, SITE, Plant


def said(source: Source, *, cause: str = "bearing", opens: bool = True, name: str = "x") -> Signal:
    return Signal(source, name, f"{source} {name}", CNC_11, cause, wall_us(), f"{source} speaks.", opens)


def take(database: Database, signal: Signal) -> Effect:
    with database.write() as tx:
        return take_in(tx, signal).effect


def told(database: Database, plant: Plant) -> list[str]:
    with database.read() as tx:
        return [row["kind"] for row in store.of_case(tx, plant.case()["case_id"])]


def count_cases(database: Database) -> int:
    with database.read() as tx:
        return len(tx.execute(select(t.cases.c.case_id)).all())


@pytest.mark.parametrize("source", [Source.ALARM, Source.SHORTAGE, Source.OUTLOOK, Source.PICTURES])
def test_each_source_opens_one_case_and_its_repeats_join_it(
    plant: Plant, database: Database, source: Source
) -> None:
    assert take(database, said(source)) is Effect.OPENED
    case = plant.case()
    assert case["kind"] == CaseKind(source.value) and case["proposed_by"] == f"{source} x"
    assert take(database, said(source)) is Effect.REPEATED
    assert take(database, said(source, name="another")) is Effect.JOINED
    assert count_cases(database) == 1 and told(database, plant) == [source.value] * 2


def test_all_sources_about_one_cause_stand_on_one_case(
    plant: Plant, database: Database, recommender: Recommender, desk: SigningCommands
) -> None:
    recommender.consider(plant.predict(0.9))
    for source in (Source.ANOMALY, Source.ALARM, Source.SHORTAGE, Source.CHART):
        assert take(database, said(source)) is Effect.JOINED
    assert take(database, said(Source.OUTLOOK, cause="")) is Effect.JOINED
    operator = plant.person(Role.OPERATOR)
    done = desk.raise_case(operator, CNC_11, "act-00000001", "bearing", "Howls")
    assert done.case_id == plant.case()["case_id"] and "is open for this already" in done.message
    again = desk.raise_case(operator, CNC_11, "act-00000001", "bearing", "Howls")
    assert again.to_json() == done.to_json()
    assert count_cases(database) == 1
    assert sorted(told(database, plant)) == ["alarm", "anomaly", "chart", "outlook", "person", "shortage"]
    assert "joined by an alarm" in plant.actions(plant.case()["case_id"])


def test_a_prediction_joins_what_another_source_opened(
    plant: Plant, database: Database, recommender: Recommender
) -> None:
    take(database, said(Source.ALARM))
    first = recommender.consider(plant.predict(0.9))
    assert (first.effect, first.case_id) == (Considered.CONFIRMED, plant.case()["case_id"])
    recommender.consider(plant.predict(0.95, at_us=wall_us() + 30 * MINUTE))
    assert count_cases(database) == 1 and told(database, plant) == ["alarm", "prediction"]
    with database.read() as tx:
        newest = store.of_case(tx, plant.case()["case_id"])[-1]["words"]
    assert "95 of 100" in newest


def test_another_cause_on_the_same_machine_is_another_matter(plant: Plant, database: Database) -> None:
    with database.write() as tx:
        tx.execute(
            insert(t.parts_of_machines).values(
                machine_type="cnc", cause="tool", part_id="T", task="Change tool", skill="s", duration_s=600,
                inspect_s=300,
            )
        )  # fmt: skip
    assert take(database, said(Source.ALARM)) is Effect.OPENED
    assert take(database, said(Source.ALARM, cause="tool", name="y")) is Effect.OPENED
    assert count_cases(database) == 2


def test_nothing_is_opened_soon_after_a_decision_nor_by_what_may_not(
    plant: Plant, database: Database, desk: SigningCommands
) -> None:
    assert take(database, said(Source.ALARM, opens=False)) is Effect.NOTHING
    take(database, said(Source.ALARM))
    case, manager = plant.case(), plant.person(Role.PLANT_MANAGER)
    desk.reject(manager, case["case_id"], case["version"], "act-00000002", "sensor_wrong")
    assert plant.case()["state"] == CaseState.REJECTED
    assert take(database, said(Source.ALARM)) is Effect.NOTHING
    assert count_cases(database) == 1


def alarm(database: Database, priority: str, metric: str = "envelope_high") -> None:
    now = wall_us()
    with database.write() as tx:
        tx.execute(
            insert(t.alarm_definitions).values(
                alarm_id=f"A-{priority}", version=1, equipment_id=CNC_11, position_id="p",
                name="Envelope high", metric=metric, high=True, limit_value=4.0, deadband=0.0,
                on_delay_s=0, off_delay_s=0,
                priority=priority, suppress_when="", consequence="The spindle may seize.", response="Stop",
                active=True, changed_by="x", changed_us=0, changed_wall_us=0, reason="",
            )
        )  # fmt: skip
        tx.execute(
            insert(t.alarm_states).values(
                alarm_id=f"A-{priority}", version=1, condition=True, acked=False, suppressed=False,
                out_of_service=False, since_us=now, upto_us=now, value=5.0, note="", note_by="",
            )
        )  # fmt: skip
        tx.execute(
            insert(t.alarm_events).values(
                alarm_id=f"A-{priority}", equipment_id=CNC_11, position_id="p", priority=priority,
                event="activated", asks=True, at_us=now - MINUTE, wall_us=now, value=5.0, actor="system",
                note="",
            )
        )  # fmt: skip


def turn(database: Database, ahead_us: int = 0) -> dict[Effect, int]:
    return SourceWatch(database).turn(SITE, wall_us() + ahead_us, wall_us())


def test_a_high_alarm_opens_a_case_and_a_low_one_only_joins(plant: Plant, database: Database) -> None:
    alarm(database, "low")
    assert turn(database)[Effect.OPENED] == 0
    alarm(database, "high")
    assert turn(database)[Effect.OPENED] == 1
    case = plant.case()
    assert (case["kind"], case["cause"], case["advised"]) == ("alarm", "bearing", Choice.INSPECT_FIRST)
    turn(database)
    assert told(database, plant) == ["alarm", "alarm"]  # the low one too, now that there is a case
    assert set(turn(database).values()) == {0}
    with database.write() as tx:
        tx.execute(update(t.alarm_states).values(condition=False))
        assert alarms.found(tx, SITE, wall_us()) == []


def odd(tx: Connection, hours: int) -> None:
    rng = np.random.default_rng(7)
    pattern = multivariate.fit(("temperature", "envelope_high"), rng.normal((60, 2), (1, 0.1), (300, 2)))
    tx.execute(
        insert(t.pattern_models).values(
            equipment_id=CNC_11, version=1, from_us=0, to_us=1, content=pattern.to_json(), samples=300,
            frozen_by="x", frozen_us=0, frozen_wall_us=0, reason="",
        )
    )  # fmt: skip
    seen = np.array([[60.0, 4.0]])
    found = multivariate.judge(pattern, seen)
    now = wall_us()
    for n in range(hours):
        tx.execute(
            insert(t.pattern_points).values(
                equipment_id=CNC_11, at_us=now - n * HOUR, version=1, content=json.dumps(seen[0].tolist()),
                t2=float(found.t2[0]), spe=float(found.spe[0]),
            )
        )  # fmt: skip


@pytest.mark.parametrize(("hours", "joined"), [(2, 0), (3, 1)])
def test_sensors_out_of_their_pattern_for_hours_join_the_case_of_their_cause(
    plant: Plant, database: Database, hours: int, joined: int
) -> None:
    with database.write() as tx:
        odd(tx, hours)
    assert turn(database)[Effect.OPENED] == 0 and count_cases(database) == 0
    take(database, said(Source.ALARM))
    assert turn(database)[Effect.JOINED] == joined
    assert told(database, plant).count("anomaly") == joined


def called_odd(tx: Connection, since_us: int, at_us: int) -> None:
    """The model of the unusual calls the machine odd for its bearing's signs."""
    card = {"thresholds": {"cnc": 2.0}}
    row = {
        "name": "plant_anomaly", "version": "1", "capability": "anomaly", "path": "", "sha256": "",
        "feature_version": "", "stage": "champion", "card": json.dumps(card), "registered_wall_us": 0,
    }  # fmt: skip
    if (
        tx.execute(select(t.model_versions.c.name).where(t.model_versions.c.name == row["name"])).first()
        is None
    ):
        tx.execute(insert(t.model_versions).values(**row))
    state = {
        "equipment_id": CNC_11, "model_name": row["name"], "model_version": "1", "at_us": at_us, "score": 5.0,
        "threshold": 2.0, "reason": "", "since_us": since_us, "course": "{}",
        "signals": json.dumps([["envelope_high", since_us, 2.5], ["temperature", since_us, 1.2]]),
    }  # fmt: skip
    oddity_store.add(tx, [], [state])


def test_an_odd_machine_joins_its_open_case_once_for_each_odd_stretch(
    plant: Plant, database: Database
) -> None:
    now = wall_us()
    with database.write() as tx:
        called_odd(tx, now - 5 * HOUR, now - 20 * MINUTE)
        (signal,) = oddities.found(tx, SITE, now)
        assert oddities.found(tx, SITE, now + 2 * HOUR) == []  # what was said long ago is not said now
    assert signal.cause == "bearing" and signal.said_by == "plant_anomaly" and not signal.opens
    assert turn(database)[Effect.OPENED] == 0 and count_cases(database) == 0
    take(database, said(Source.ALARM))
    assert turn(database)[Effect.JOINED] == 1 and turn(database)[Effect.JOINED] == 0
    with database.write() as tx:
        called_odd(tx, now - HOUR, now - 10 * MINUTE)
    assert turn(database)[Effect.JOINED] == 1
    assert told(database, plant).count("anomaly") == 2 and count_cases(database) == 1


def test_an_odd_machine_is_not_spoken_of_while_the_model_is_stopped(plant: Plant, database: Database) -> None:
    now = wall_us()
    with database.write() as tx:
        called_odd(tx, now - HOUR, now - 10 * MINUTE)
        tx.execute(
            insert(t.ai_stops).values(
                stop_id="s", site_id=SITE, model_name="plant_anomaly", drill=False,
                open_key=f"{SITE}|plant_anomaly|stop", reason="r", stopped_by="x", printed_name="x",
                meaning="m", record_hash="h", stopped_us=0, stopped_wall_us=0, effect="{}", resume_reason="",
            )
        )  # fmt: skip
        assert oddities.found(tx, SITE, now) == []


def test_patterns_are_silent_while_all_ai_is_stopped(plant: Plant, database: Database) -> None:
    with database.write() as tx:
        odd(tx, 3)
        tx.execute(
            insert(t.ai_stops).values(
                stop_id="s", site_id=SITE, model_name="", drill=False, open_key=f"{SITE}||stop",
                reason="r", stopped_by="x", printed_name="x", meaning="m", record_hash="h", stopped_us=0,
                stopped_wall_us=0, effect="{}", resume_reason="",
            )
        )  # fmt: skip
        assert anomalies.found(tx, SITE, wall_us()) == []


def test_a_missing_part_is_told_to_open_cases_and_bought_where_that_pays(
    plant: Plant, database: Database, recommender: Recommender
) -> None:
    plant.predict(0.5, above=False)
    assert turn(database)[Effect.OPENED] == 0
    plant.set_stock(0)
    with database.write() as tx:
        tx.execute(update(t.stock).values(lead_time_s=2 * 3_600))
    assert turn(database)[Effect.OPENED] == 1
    case = plant.case()
    assert (case["kind"], case["advised"]) == ("shortage", Choice.WHEN_PART_ARRIVES)
    assert [row["kind"] for row in plant.commands(case["case_id"])] == ["maintenance_order", "requisition"]
    recommender.consider(plant.predict(0.9, unit=CNC_12))
    assert turn(database)[Effect.JOINED] == 1
    with database.read() as tx:
        both = shortages.found(tx, SITE, wall_us())
    assert {one.equipment_id for one in both} == {CNC_11, CNC_12} and {one.source_id for one in both} == {
        PART
    }


def test_the_outlook_is_what_was_made_and_the_target_for_the_rest() -> None:
    assert outlooks.outlook(0.4, 0.8, 0.5) == pytest.approx(0.6)
    assert outlooks.outlook(0.4, 0.8, 1.0) == 0.4


def test_a_shift_that_will_miss_its_target_names_the_machine_it_lost_most_to(
    plant: Plant, database: Database
) -> None:
    now = wall_us()
    begin = now - 4 * HOUR
    with database.write() as tx:
        tx.execute(update(t.equipment).where(t.equipment.c.equipment_id == LINE).values(target_oee=0.8))
        tx.execute(
            update(t.equipment).where(t.equipment.c.equipment_id == CNC_12).values(constraint_unit=True)
        )
        for unit, state in ((CNC_11, MachineState.ABORTED), (CNC_12, MachineState.EXECUTE)):
            row = {"equipment_id": unit, "source_us": begin, "state": int(state), "mode": 1}
            tx.execute(insert(t.states).values(receive_us=begin, **row))
            buckets = range(begin - begin % (5 * MINUTE), now, 5 * MINUTE)
            nothing = {"equipment_id": unit, "good": 0.0, "scrap": 0.0, "energy_kwh": 1.0, "resets": 0.0}
            tx.execute(insert(t.counts), [{"bucket_us": at, **nothing} for at in buckets])
    with database.write() as tx:
        for unit in (CNC_11, CNC_12):
            made = {
                "instance": "line-1",
                "order_id": "A",
                "product_id": "P-1",
                "start_us": begin,
                "updated_us": 0,
            }
            tx.execute(insert(t.operations).values(operation_id=unit, equipment_id=unit, **made))
        tx.execute(
            insert(t.product_rates).values(
                instance="line-1", product_id="P-1", equipment_id=CNC_12, planned_cycle_s=60.0,
                basis="planned", valid_from_us=0, updated_us=0,
            )
        )  # fmt: skip
    with database.read() as tx:
        found = outlooks.found(tx, SITE, now)
    assert [one.equipment_id for one in found] == [CNC_11] and "CNC-11 has stood longest" in found[0].words
    assert turn(database)[Effect.OPENED] == 1
    assert plant.case()["kind"] == "outlook"
