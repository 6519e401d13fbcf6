"""What came in is counted by minute; what was set aside is read again when somebody asks."""

import json

import pytest
from sqlalchemy import select

from auth.permissions import Role
from data.sources.topic_mapping import Topics
from data.sources.topic_reading import TopicReader
from data.store import intake_records
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, MINUTE, Clock, wall_us
from domain.errors import Forbidden, InvalidInput
from services.commands.intake import IntakeCommands
from services.context import Context
from services.ingest import Ingest
from services.ingest.flow import Flow
from services.ingest.replaying import replay
from services.queries.intake import IntakeQueries
from services.rows.site import SiteRow
from tests import factories as f
from tests.kits.edge import T0_MS, EdgeNode, raw
from tests.services.ingest.conftest import UNIT, place

SITE = SiteRow("north", "N", "UTC", "EUR")
MAPPED = TopicReader(
    Topics.model_validate({"topics": [{"name": "m", "pattern": "mill/{unit}", "payload": "object"}]})
)


def mill(n: int, body: object = None):
    payload = json.dumps({"load": n} if body is None else body).encode()
    return raw("mill/a", payload, T0_MS + 1000 * n, "json")


def queries(database: Database, role: Role = Role.ADMINISTRATOR) -> IntakeQueries:
    with database.write() as tx:
        actor = f.account(tx, roles=(role,), username=f"q-{role}")
    return IntakeQueries(Context(database, actor, SITE, Clock(f.NOW, wall_us())))


def aside(database: Database) -> list[tuple[str, int, bool, bool]]:
    q = t.quarantine.c
    query = select(q.reason, q.times, q.asked_wall_us, q.tried_wall_us).order_by(q.quarantine_id)
    with database.read() as tx:
        return [(r[0], r[1], r[2] is not None, r[3] is not None) for r in tx.execute(query)]


def test_minutes_add_up_and_a_day_is_kept(store: Database) -> None:
    ingest, flow, edge = Ingest(store), Flow(), EdgeNode(devices=("cnc-11",))
    now = wall_us() // MINUTE * MINUTE + 5_000_000
    flow.write(store, now - DAY - 3 * MINUTE, {})
    result = ingest.take([*edge.births(T0_MS), mill(1)])
    flow.took(result, [("sparkplug", now - 2_000_000), ("json", now - 300_000)], now)
    flow.write(store, now, {"json": 7})
    flow.took(ingest.take([edge.data("cnc-11", T0_MS + 1000)]), [("sparkplug", now - 1_000)], now)
    flow.write(store, now + 1_000_000, {"json": 3})
    with store.read() as tx:
        rows = [tuple(row) for row in tx.execute(select(t.flow).order_by(t.flow.c.source))]
    minute = now - now % MINUTE
    assert rows == [(minute, "json", 1, 0, 1, 300_000, 7), (minute, "sparkplug", 3, 8, 0, 2_000_000, 0)]


def test_a_message_that_can_be_read_now_leaves_the_quarantine_and_is_stored(store: Database) -> None:
    unmapped = Ingest(store)
    assert unmapped.take([mill(1), mill(2), mill(3, "no object")]).quarantined == 3
    with store.write() as tx:
        assert intake_records.ask_again(tx, "json", "topic", 1) == 3
        assert intake_records.ask_again(tx, "json", "topic", 1) == 0
    assert replay(store, unmapped) == 0
    assert aside(store) == [("topic", 1, False, True)] * 3
    with store.write() as tx:
        intake_records.ask_again(tx, "json", "topic", 1)
    mapped = Ingest(store, mapped=MAPPED)
    assert replay(store, mapped) == 3
    assert replay(store, mapped) == 0
    assert aside(store) == [("shape", 1, False, False)]
    with store.read() as tx:
        values = [row.value for row in tx.execute(select(t.readings).order_by(t.readings.c.source_us))]
    assert values == [1.0, 2.0]


def test_a_message_known_by_its_sequence_alone_is_stored_when_it_is_read_again(store: Database) -> None:
    """It was seen before, and one member of it was set aside: that is what is wanted now."""

    def mapped(**metrics: object) -> TopicReader:
        entry = {"name": "m", "pattern": "mill/{unit}", "payload": "object", "sequence": "seq"}
        return TopicReader(Topics.model_validate({"topics": [entry | {"metrics": metrics}]}))

    sent = mill(1, {"seq": 1, "load": 5, "Status": "RUN"})
    assert Ingest(store, mapped=mapped()).take([sent]).quarantined == 1
    with store.write() as tx:
        assert intake_records.ask_again(tx, "json", "wrong_type", 1) == 1
    mended = Ingest(store, mapped=mapped(Status={"metric": "state", "states": {"RUN": 6}}))
    assert replay(store, mended) == 1
    assert aside(store) == []
    with store.read() as tx:
        m, r = t.metrics.c, t.readings.c
        both = t.readings.join(t.metrics, m.metric_id == r.metric_id)
        values = dict(tx.execute(select(m.name, r.value).select_from(both)).all())
    assert values == {"load": 5.0, "state": 6.0}
    assert mended.take([sent]).stored == 0, "delivered again it is known"


def test_repetitions_push_nothing_out_of_the_quarantine(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL uses up a number for each of them."""
    monkeypatch.setattr(intake_records, "MAX_QUARANTINE", 20)
    ingest = Ingest(store)
    ingest.take([mill(n) for n in range(5)])
    for _ in range(30):
        ingest.take([mill(0)])
    ingest.take([mill(5)])
    assert len(aside(store)) == 6


def test_what_the_quarantine_cannot_hold_is_counted(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_records, "MAX_QUARANTINE", 20)
    for n in range(30):
        Ingest(store).take([mill(n)])
    c = t.ingest_counters.c
    with store.read() as tx:
        forgotten = tx.execute(select(c.value).where(c.counter == "forgotten")).scalar_one()
    assert (len(aside(store)), forgotten) == (20, 10)


def test_what_is_too_large_to_be_kept_whole_is_not_asked_for(database: Database) -> None:
    place(database)
    Ingest(database).take([mill(1, {"x": "y" * 100_000})])
    with database.write() as tx:
        assert intake_records.ask_again(tx, "json", "topic", 1) == 0


def test_only_who_may_can_have_messages_read_again_and_it_is_audited(database: Database) -> None:
    place(database)
    Ingest(database).take([mill(1)])
    with database.write() as tx:
        boss = f.account(tx, roles=(Role.ADMINISTRATOR,), username="boss")
        tom = f.account(tx, roles=(Role.OPERATOR,), username="tom")
        tx.execute(t.clocks.insert().values(site_id="north", origin_plant_us=1, origin_wall_us=1, speed=1.0))
    commands = IntakeCommands(database)
    with pytest.raises(Forbidden):
        commands.read_again(tom, "north", "json", "topic")
    with pytest.raises(InvalidInput):
        commands.read_again(boss, "north", "sparkplug", "unknown_alias")
    assert commands.read_again(boss, "north", "json", "topic") == 1
    assert commands.read_again(boss, "north", "json", "topic") == 0
    with database.read() as tx:
        told = [(row.action, json.loads(row.detail)) for row in tx.execute(select(t.audit))]
    assert told == [("had messages read again", {"messages": 1})]


def test_the_screens_reads(store: Database) -> None:
    edge, ingest, now = EdgeNode(devices=("cnc-11", "cnc-99")), Ingest(store), wall_us()
    flow = Flow()
    flow.took(ingest.take([*edge.births(T0_MS), mill(1), mill(2)]), [("json", now)], now)
    flow.write(store, now, {})
    reads = queries(store)
    view = reads.flow()
    assert {(row.source, row.received) for row in view.minutes} == {("json", 2), ("sparkplug", 3)}
    assert [(row.source, row.reason, row.messages, row.may_again) for row in view.reasons] == [
        ("json", "topic", 2, True)
    ]
    assert view.count == len(view.messages) == 2
    assert reads.flow("sparkplug", "topic").count == 0
    sources = reads.sources()
    known = {row.external_id: row for row in sources.devices}
    assert known["north/line-1/cnc-11"].equipment_id == UNIT
    assert (known["north/line-1/cnc-11"].metrics, known["north/line-1/cnc-11"].stale) == (4, 0)
    assert not known["north/line-1/cnc-99"].assigned
    assert [(row.topic, row.times) for row in sources.topics] == [("mill/a", 2)]
    ingest.take([edge.death(T0_MS + 5000)])
    dead = {row.external_id: row for row in reads.sources().devices}["north/line-1/cnc-11"]
    assert (dead.stale, dead.offline_us) == (4, (T0_MS + 5000) * 1000)
    with pytest.raises(Forbidden):
        queries(store, Role.OPERATOR).flow()
