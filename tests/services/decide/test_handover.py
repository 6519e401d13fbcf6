import pytest
from sqlalchemy import insert, select

from auth.permissions import Actor, Role
from auth.signatures import Credential
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, MINUTE, Clock, wall_us
from domain.errors import Conflict, Forbidden, NotFound, NotNow
from services.commands.care import CareCommands
from services.commands.cases import CaseCommands
from services.commands.handover import HandoverCommands
from services.context import Context
from services.queries import handover as queries
from services.recommend import Recommender
from services.rows.site import SiteRow
from tests.kits.pen import TYPED
from tests.services.decide.plant import CNC_11, CNC_12, LINE, SITE, Plant

ONE, TWO = "act-00000001", "act-00000002"


@pytest.fixture
def handover(database: Database) -> HandoverCommands:
    return HandoverCommands(database)


def view(database: Database, actor: Actor):
    now = wall_us()
    site = SiteRow(SITE, "Plant North", "Europe/Berlin", "EUR")
    return queries.current(Context(database, actor, site, Clock(now, now)), LINE)


def stop(plant: Plant, unit: str, ago: int, long: int | None, reason: str = "") -> None:
    start = wall_us() - ago
    end = None if long is None else start + long
    with plant.database.write() as tx:
        tx.execute(
            insert(t.downtimes).values(
                instance="line-1", downtime_id=f"d{ago}", equipment_id=unit, start_us=start, end_us=end,
                reason=reason, planned=False, fixed_us=start, updated_us=start,
            )
        )  # fmt: skip


def test_it_fills_itself_with_what_is_open(
    plant: Plant, database: Database, recommender: Recommender, desk: CaseCommands, supervisor: Actor
) -> None:
    first = recommender.consider(plant.predict(0.85)).case_id
    second = recommender.consider(plant.predict(0.85, unit=CNC_12)).case_id
    assert first and second
    desk.approve(supervisor, first, 1, ONE)
    CareCommands(database).snooze(supervisor, second, 1, TWO, wall_us() + 10 * MINUTE, "after the break")
    stop(plant, CNC_11, 3 * HOUR, 20 * MINUTE)
    stop(plant, CNC_11, 2 * HOUR, 20 * MINUTE, "Tool change")
    stop(plant, CNC_12, HOUR, None)
    told = {item.kind: item.text for item in view(database, supervisor).items}
    assert set(told) == {"Put aside", "Receipt pending", "Stops without a reason, since", "Standing since"}
    assert "after the break" in told["Put aside"] and "mes.line-1" in told["Receipt pending"]
    assert told["Stops without a reason, since"] == "CNC-11: 1 stop, 20 min"


def test_alarms_that_are_kept_silent_are_told(plant: Plant, database: Database, supervisor: Actor) -> None:
    now = wall_us()
    definition = {
        "version": 1, "equipment_id": CNC_11, "position_id": "p", "name": "Spindle hot",
        "metric": "temperature",
        "high": True, "limit_value": 80.0, "deadband": 1.0, "on_delay_s": 0, "off_delay_s": 0,
        "priority": "low", "suppress_when": "", "consequence": "c", "response": "r", "active": True,
        "changed_by": "x", "changed_us": now, "changed_wall_us": now, "reason": "",
    }  # fmt: skip
    state = {
        "version": 3, "condition": True, "acked": True, "suppressed": False, "since_us": now, "upto_us": now,
        "note": "sensor loose", "note_by": "x",
    }  # fmt: skip
    with database.write() as tx:
        for alarm_id, until, out in (("a", now + HOUR, False), ("b", None, True), ("c", now - 1, False)):
            tx.execute(insert(t.alarm_definitions).values(alarm_id=alarm_id, **definition))
            tx.execute(
                insert(t.alarm_states).values(
                    alarm_id=alarm_id, shelved_until_us=until, out_of_service=out, **state
                )
            )
    told = [(item.kind, item.text) for item in view(database, supervisor).items]
    words = "CNC-11: Spindle hot (sensor loose)"
    assert told == [("Alarm shelved until", words), ("Alarm out of service since", words)]


def test_the_outgoing_signs_what_was_read_and_another_accepts(
    plant: Plant, database: Database, handover: HandoverCommands, supervisor: Actor, operator: Actor
) -> None:
    seen = view(database, supervisor)
    stop(plant, CNC_11, 3 * HOUR, 20 * MINUTE)
    with pytest.raises(Conflict):
        handover.sign(supervisor, LINE, "", seen.content_hash, TYPED)
    seen = view(database, supervisor)
    with pytest.raises(Forbidden):
        handover.sign(supervisor, LINE, "", seen.content_hash, Credential("wrong"))
    handover.sign(supervisor, LINE, "belt squeaks", seen.content_hash, TYPED)
    with pytest.raises(NotNow):
        handover.sign(supervisor, LINE, "", seen.content_hash, TYPED)
    with pytest.raises(Forbidden, match="next shift"):
        handover.accept(supervisor, LINE, seen.shift_end_us, TYPED)
    with pytest.raises(Forbidden):
        handover.accept(plant.person(Role.ADMINISTRATOR), LINE, seen.shift_end_us, TYPED)
    with pytest.raises(NotFound):
        handover.accept(plant.person(Role.SUPERVISOR, scope="south"), LINE, seen.shift_end_us, TYPED)
    handover.accept(operator, LINE, seen.shift_end_us, TYPED)
    with pytest.raises(NotNow):
        handover.accept(plant.person(Role.SUPERVISOR), LINE, seen.shift_end_us, TYPED)
    stop(plant, CNC_12, HOUR, None)  # what is signed stays as it was signed
    signed = view(database, supervisor)
    assert (signed.state, signed.remarks, len(signed.items)) == ("accepted", "belt squeaks", 1)
    a = t.audit.c
    actions = plant.rows(select(a.action).where(a.subject_kind == "handover").order_by(a.entry))
    assert [r["action"] for r in actions] == ["handed over", "took over"]
