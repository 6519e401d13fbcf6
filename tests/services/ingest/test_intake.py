"""A batch is decoded, judged and stored in one transaction, once, on both databases."""

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, delete, func, select, text

from data.sources import topic_mapping
from data.sources.topic_reading import TopicReader
from data.store import half_hours
from data.store import tables as t
from data.store.database import Database
from data.store.half_hours import HALF_US, HalfHour
from data.wire.json_topics import telemetry_topic
from data.wire.sparkplug import DataType, Metric, Payload, encode
from data.wire.sparkplug_topics import MessageType
from domain.clock import DAY, FOR_EVER_US
from domain.errors import Unavailable
from domain.telemetry import Quality
from services.ingest import Ingest, RawMessage
from services.rollups import bucket_of
from tests.kits.edge import T0_MS, EdgeNode, raw
from tests.services.ingest.conftest import JSON_UNIT, UNIT, chart, place


def say(ms: int, seq: int | None = None, *, ts: int | None = None, **values: Any) -> RawMessage:
    body: dict[str, object] = {"ts": ms if ts is None else ts, "values": values}
    if seq is not None:
        body["seq"] = seq
    return raw(telemetry_topic(JSON_UNIT), json.dumps(body).encode(), ms, "json")


def readings(database: Database, unit: str, name: str) -> list[tuple[int, float, int]]:
    query = (
        select(t.readings.c.source_us, t.readings.c.value, t.readings.c.quality)
        .join(t.metrics, t.metrics.c.metric_id == t.readings.c.metric_id)
        .where(t.metrics.c.equipment_id == unit, t.metrics.c.name == name)
        .order_by(t.readings.c.source_us)
    )
    with database.read() as tx:
        return [tuple(row) for row in tx.execute(query)]


def rows(database: Database, table: Table) -> list[Any]:
    with database.read() as tx:
        return list(tx.execute(select(table)))


def reasons(database: Database) -> dict[str, int]:
    return {row.reason: row.times for row in rows(database, t.quarantine)}


def test_both_kinds_of_device_are_stored(store: Database) -> None:
    edge = EdgeNode(devices=("cnc-11",))
    result = Ingest(store).take([*edge.births(T0_MS), say(T0_MS, 1, temperature=41.5, state=6, good_count=3)])
    assert (result.received, result.stored, result.quarantined) == (3, 7, 0)
    assert readings(store, UNIT, "temperature") == [(T0_MS * 1000, 20.0, int(Quality.GOOD))]
    assert readings(store, JSON_UNIT, "temperature") == [(T0_MS * 1000, 41.5, int(Quality.GOOD))]
    counters = {(row.source, row.counter): row.value for row in rows(store, t.ingest_counters)}
    assert counters[("json", "received")] == 1
    assert counters[("sparkplug", "received")] == 2
    assert counters[("sparkplug", "stored")] == 4


def test_the_same_messages_again_change_nothing(store: Database) -> None:
    edge = EdgeNode(devices=("cnc-11",))
    batch = [*edge.births(T0_MS), *(edge.data("cnc-11", T0_MS + 1000 * i) for i in range(1, 50))]
    batch += [say(T0_MS + 1000 * i, i, temperature=20 + i % 3, state=5 + i // 25) for i in range(50)]
    first = Ingest(store).take(batch)
    before = [rows(store, table) for table in (t.readings, t.latest, t.states, t.counts, t.quarantine)]
    again = Ingest(store).take(batch)
    assert first.stored == 50 * 4 + 50 * 2
    assert (again.stored, again.repeated) == (0, first.stored)
    assert [
        rows(store, table) for table in (t.readings, t.latest, t.states, t.counts, t.quarantine)
    ] == before


def test_a_late_value_does_not_replace_the_newest(store: Database) -> None:
    ingest = Ingest(store)
    ingest.take([say(T0_MS + 5000, 1, temperature=50)])
    ingest.take([say(T0_MS + 6000, 2, ts=T0_MS, temperature=10)])
    assert [row.value for row in rows(store, t.latest)] == [50.0]
    assert [value for _, value, _ in readings(store, JSON_UNIT, "temperature")] == [10.0, 50.0]


def test_a_message_with_a_sequence_and_no_time_is_stored_once(store: Database) -> None:
    payload = json.dumps({"seq": 4, "values": {"temperature": 3}}).encode()
    ingest = Ingest(store)
    for ms in (T0_MS, T0_MS + 500, T0_MS + 9000):
        ingest.take([raw(telemetry_topic(JSON_UNIT), payload, ms, "json")])
    assert [us for us, _, _ in readings(store, JSON_UNIT, "temperature")] == [T0_MS * 1000]


def test_an_unknown_device_is_registered_kept_and_not_placed(store: Database) -> None:
    edge = EdgeNode(devices=("New Device 9",))
    topic = telemetry_topic("north/hall/line-9/odd")
    batch = [*edge.births(T0_MS), raw(topic, b'{"ts": %d, "values": {"load": 5}}' % T0_MS, T0_MS, "json")]
    Ingest(store).take(batch)
    Ingest(store).take(batch)
    new = [row for row in rows(store, t.equipment) if not row.assigned and row.level == "unit"]
    assert sorted(row.name for row in new) == ["New Device 9", "odd"]
    for row in new:
        assert row.equipment_id.startswith("north/unassigned/unassigned/")
        assert row.parent_id in {parent.equipment_id for parent in rows(store, t.equipment)}
        assert readings(store, row.equipment_id, "load" if row.name == "odd" else "temperature")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"temperature": "hot"}, "wrong_type"),
        ({"temperature": True}, "wrong_type"),
        ({"temperature": [1]}, "wrong_type"),
        ({"temperature": math.nan}, "not_finite"),
        ({"temperature": -math.inf}, "not_finite"),
        ({"temperature": 10**400}, "not_finite"),
        ({"state": 44}, "out_of_range"),
        ({"state": 5.5}, "out_of_range"),
        ({"mode": 0}, "out_of_range"),
        ({"good_count": -1}, "out_of_range"),
        ({"<script>alert(1)</script>": 1}, "unsafe_name"),
        ({"<b>": "text"}, "unsafe_name"),
        ({"x" * 300: 1}, "unsafe_name"),
        ({"\ud800": 1}, "unsafe_name"),
        ({"note": "y" * 1_000_000}, "wrong_type"),
    ],
)
def test_a_bad_value_is_quarantined_and_the_good_ones_are_kept(database, values, reason) -> None:
    place(database)
    result = Ingest(database).take([say(T0_MS, 1, pressure=5.0, **values)])
    assert (result.stored, result.quarantined) == (1, 1)
    assert reasons(database) == {reason: 1}
    found = rows(database, t.quarantine)[0]
    assert len(found.payload) <= 64 * 1024 <= max(found.size, 64 * 1024)


@pytest.mark.parametrize(
    ("offset_ms", "reason"),
    [
        (4 * 60_000, None),
        (6 * 60_000, "clock_skew"),
        (-400 * 86_400_000, None),
        (-2_000 * 86_400_000, "too_old"),
    ],
)
def test_the_clock_of_a_device_is_judged_against_plant_time(database, offset_ms, reason) -> None:
    place(database)
    Ingest(database).take([say(T0_MS, 1, ts=T0_MS + offset_ms, temperature=5)])
    assert reasons(database) == ({} if reason is None else {reason: 1})
    assert len(readings(database, JSON_UNIT, "temperature")) == (reason is None)


def test_a_late_value_makes_the_scorer_work_its_half_hour_out_anew(store: Database) -> None:
    ingest, now = Ingest(store), T0_MS * 1_000
    bins = range(now // HALF_US - 6, now // HALF_US)
    with store.write() as tx:
        half_hours.save(tx, JSON_UNIT, [HalfHour(at, b"", 1.0) for at in bins])
        half_hours.save(tx, UNIT, [HalfHour(at, b"", 1.0) for at in bins])
    ingest.take([say(T0_MS, 1, temperature=5)])
    late_ms = (bins[2] * HALF_US + HALF_US // 2) // 1_000
    ingest.take([say(T0_MS, 2, ts=late_ms, temperature=5)])
    left = [(row.equipment_id, row.bin) for row in rows(store, t.half_hours)]
    assert sorted(left) == sorted([(UNIT, at) for at in bins] + [(JSON_UNIT, bins[n]) for n in (0, 1, 4, 5)])


def test_a_late_value_has_the_charts_of_its_machine_sampled_anew(store: Database) -> None:
    """The chart of the machine's values, not of its inspections, and from the earliest late value on."""
    ingest = Ingest(store)
    with store.write() as tx:
        for source, unit in (("metric", JSON_UNIT), ("quality", JSON_UNIT), ("metric", UNIT)):
            chart(tx, f"{source} of {unit}", source, unit)
    ingest.take([say(T0_MS, 1, temperature=5)])
    assert rows(store, t.spc_late) == []
    for seq, hours in ((2, 5), (3, 7), (4, 6)):
        ingest.take([say(T0_MS, seq, ts=T0_MS - hours * 3_600_000 - 1, temperature=5)])
    late_us = bucket_of((T0_MS - 7 * 3_600_000 - 1) * 1_000)
    assert rows(store, t.spc_late) == [(f"metric of {JSON_UNIT}", late_us)]


def test_what_is_older_than_readings_are_kept_is_refused_and_counts_nothing_anew(store: Database) -> None:
    ingest = Ingest(store, behind_us=14 * DAY)
    for back_ms in (13 * 86_400_000, 15 * 86_400_000):
        ingest.take([say(T0_MS, ts=T0_MS - back_ms, seq=back_ms, temperature=5, good_count=9)])
    assert reasons(store) == {"too_old": 1}
    assert len(readings(store, JSON_UNIT, "temperature")) == 1
    assert [row.bucket_us for row in rows(store, t.counts)] == [bucket_of((T0_MS - 13 * 86_400_000) * 1_000)]


def test_a_gauge_beyond_its_range_is_stored_as_uncertain(store: Database) -> None:
    Ingest(store).take([say(T0_MS, 1, temperature=9_999)])
    assert readings(store, JSON_UNIT, "temperature") == [(T0_MS * 1000, 9_999.0, int(Quality.UNCERTAIN))]


def test_garbage_is_counted_once_and_again(store: Database) -> None:
    ingest = Ingest(store)
    bad = [
        raw("spBv1.0/north/DDATA/line-1/x", b"\xff\x00garbage", T0_MS),
        raw("spBv1.0/<img src=x>", b"", T0_MS),
        raw(telemetry_topic(JSON_UNIT), b"\x00\xff", T0_MS, "json"),
        raw("uns/<script>/a/b/c/telemetry", b'{"values": {"temperature": 1}}', T0_MS, "json"),
        raw("uns/\x00", b"\x00", T0_MS, "json"),
        raw("odd", b"x", T0_MS, "carrier pigeon"),
    ]
    for _ in range(3):
        assert ingest.take(bad).quarantined == 6
    assert reasons(store) == {"protobuf": 3, "topic": 3, "json": 3, "unsafe_name": 3, "unknown_source": 3}
    assert sum(row.times for row in rows(store, t.quarantine)) == 18


def test_a_text_that_a_birth_declares_is_no_measurement_and_no_fault(store: Database) -> None:
    edge = EdgeNode(devices=())
    metrics = (
        Metric("serial", 1, T0_MS, DataType.STRING, "A-17"),
        Metric("temperature", 2, T0_MS, DataType.STRING, "hot"),
        Metric("load", 3, T0_MS, DataType.DOUBLE, 5.0),
        Metric("speed", 4, T0_MS, DataType.DOUBLE, None, False, True),
    )
    batch = [*edge.births(T0_MS), edge.message(MessageType.DBIRTH, "cnc-11", T0_MS, metrics)]
    result = Ingest(store).take(batch)
    assert result.stored == 1
    assert [(row.reason, row.detail) for row in rows(store, t.quarantine)] == [("wrong_type", "temperature")]


def test_states_follow_source_time_in_whatever_order_they_come(store: Database) -> None:
    changes = [(0, 6, 1), (10, 6, 1), (20, 5, 1), (30, 5, 2), (40, 6, 1), (50, 6, 1), (60, 9, 1)]
    messages = [say(T0_MS + at * 1000, at, state=state, mode=mode) for at, state, mode in changes]
    ingest = Ingest(store)
    for index in (3, 0, 6, 1, 5, 2, 4, 2):
        ingest.take([messages[index]])
    found = [((row.source_us // 1000 - T0_MS) // 1000, row.state, row.mode) for row in rows(store, t.states)]
    assert sorted(found) == [(0, 6, 1), (20, 5, 1), (30, 5, 2), (40, 6, 1), (60, 9, 1)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(5, 6) | st.none(), st.integers(1, 2) | st.none()), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
    st.integers(1, 4),
)
def test_any_order_and_batching_ends_in_the_same_states(tmp_path_factory, steps, rng, size) -> None:
    messages = []
    for at, (state, mode) in enumerate(steps):
        values = {name: value for name, value in (("state", state), ("mode", mode)) if value is not None}
        messages.append(say(T0_MS + at * 1000, at, **values))

    def states(order) -> list[tuple[int, int, int]]:
        database = Database(f"sqlite:///{tmp_path_factory.mktemp('states') / 'x.db'}")
        database.create_all()
        place(database)
        ingest = Ingest(database)
        for start in range(0, len(order), size):
            ingest.take(order[start : start + size])
        found = [(row.source_us, row.state, row.mode) for row in rows(database, t.states)]
        database.close()
        return sorted(found)

    shuffled = list(messages)
    rng.shuffle(shuffled)
    assert states(shuffled) == states(messages)


def test_the_figures_follow_a_death_and_the_gap_that_it_was(store: Database) -> None:
    """A state that stood by exception stands no longer from the death on."""
    edge, ingest = EdgeNode(devices=("cnc-11",)), Ingest(store)
    ingest.take([*edge.births(T0_MS)])
    with store.write() as tx:
        tx.execute(delete(t.kpi_dirty))
    ingest.take([edge.death(T0_MS + 1000)])
    (mark,) = rows(store, t.kpi_dirty)
    assert (mark.equipment_id, mark.from_us, mark.to_us) == (UNIT, (T0_MS + 1000) * 1000, FOR_EVER_US)
    with store.write() as tx:
        tx.execute(delete(t.kpi_dirty))
    edge.bd_seq += 1
    ingest.take(edge.births(T0_MS + 60_000))
    marks = rows(store, t.kpi_dirty)
    assert any(m.from_us <= T0_MS * 1000 and m.to_us == (T0_MS + 60_000) * 1000 for m in marks)
    assert {m.equipment_id for m in marks} == {UNIT}


def test_a_death_makes_the_newest_values_stale_until_the_next_birth(store: Database) -> None:
    edge, ingest = EdgeNode(devices=("cnc-11",)), Ingest(store)
    ingest.take([*edge.births(T0_MS), edge.death(T0_MS + 1000)])
    assert {row.quality for row in rows(store, t.latest)} == {int(Quality.STALE)}
    assert [row.online for row in rows(store, t.edge_nodes)] == [False]
    edge.bd_seq += 1
    ingest.take(edge.births(T0_MS))
    assert {row.quality for row in rows(store, t.latest)} == {int(Quality.GOOD)}
    assert [row.online for row in rows(store, t.edge_nodes)] == [True]


def test_a_restarted_ingest_reports_what_it_missed(store: Database) -> None:
    edge = EdgeNode(devices=("cnc-11",))
    Ingest(store).take([*edge.births(T0_MS), edge.data("cnc-11", T0_MS + 1000)])
    edge.data("cnc-11", T0_MS + 2000)  # sent while nobody listened
    ingest = Ingest(store)
    result = ingest.take([edge.data("cnc-11", T0_MS + 3000)])
    assert result.rebirths == {"north/line-1": ""}
    ingest.take(edge.births(T0_MS + 4000))
    assert [(row.from_us, row.to_us, row.cause) for row in rows(store, t.gaps)] == [
        ((T0_MS + 1000) * 1000, (T0_MS + 4000) * 1000, "host_away")
    ]
    resent = edge.data("cnc-11", T0_MS + 3500, T0_MS + 4100, historical=True)
    ingest.take([resent, edge.data("cnc-11", T0_MS + 5000)])
    assert [(row.from_us, row.to_us) for row in rows(store, t.gaps)] == [
        ((T0_MS + 1000) * 1000, (T0_MS + 3500) * 1000)
    ]


def test_a_batch_that_could_not_be_stored_can_be_taken_again(database: Database) -> None:
    place(database)
    edge, ingest = EdgeNode(devices=("cnc-11",)), Ingest(database)
    ingest.take(edge.births(T0_MS))
    batch = [edge.data("cnc-11", T0_MS + 1000 * i, temperature=float(i)) for i in range(1, 5)]
    batch.append(say(T0_MS, 1, brand_new_metric=4.0))
    with database.write() as tx:
        tx.execute(text("ALTER TABLE ingest_counters RENAME TO away"))
    with pytest.raises(Unavailable):
        ingest.take(batch)
    assert len(readings(database, UNIT, "temperature")) == 1
    with database.write() as tx:
        tx.execute(text("ALTER TABLE away RENAME TO ingest_counters"))
    result = ingest.take(batch)
    assert (result.stored, result.gaps, result.rebirths) == (5, (), {})
    assert len(readings(database, UNIT, "temperature")) == 5
    assert len(readings(database, JSON_UNIT, "brand_new_metric")) == 1


def test_names_without_end_are_refused(database: Database) -> None:
    place(database)
    many: dict[str, Any] = {f"m{i}": 1.0 for i in range(600)}
    Ingest(database).take([say(T0_MS, 1, **many)])
    with database.read() as tx:
        assert tx.execute(select(func.count()).select_from(t.metrics)).scalar() == 500
    assert reasons(database) == {"too_many_metrics": 1}


def test_a_placed_device_is_noticed(database: Database) -> None:
    place(database)
    topic, ingest = telemetry_topic("north/x/y/z"), Ingest(database)
    ingest.take([raw(topic, b'{"ts": %d, "values": {"load": 5}}' % T0_MS, T0_MS, "json")])
    with database.write() as tx:
        moved = t.equipment_aliases.c.external_id == "north/x/y/z"
        tx.execute(t.equipment_aliases.update().where(moved).values(equipment_id=JSON_UNIT))
    ingest.forget()
    ingest.take([raw(topic, b'{"ts": %d, "values": {"load": 6}}' % T0_MS, T0_MS, "json")])
    assert [value for _, value, _ in readings(database, JSON_UNIT, "load")] == [6.0]


def test_five_minute_counts_are_refreshed_in_the_same_transaction(store: Database) -> None:
    Ingest(store).take([say(T0_MS + 1000 * i, i, good_count=10 + i) for i in range(5)])
    assert sum(row.good for row in rows(store, t.counts)) == 4


def test_infinity_from_a_sparkplug_device_is_quarantined(database: Database) -> None:
    place(database)
    edge = EdgeNode(devices=("cnc-11",))
    batch = [*edge.births(T0_MS), edge.data("cnc-11", T0_MS + 1000, temperature=math.inf)]
    batch.append(raw("spBv1.0/north/DDATA/line-1/cnc-11", encode(Payload(2**63, edge.seq, ())), T0_MS))
    Ingest(database).take(batch)
    assert reasons(database) == {"not_finite": 1}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["sparkplug", "json"]),
            st.sampled_from(
                ["spBv1.0/north/DDATA/line-1/cnc-11", "spBv1.0/n/NBIRTH/b", telemetry_topic(JSON_UNIT), "x"]
            )
            | st.text(max_size=30),
            st.binary(max_size=80) | st.just(b'{"ts":1,"seq":2,"values":{"temperature":NaN,"":3}}'),
        ),
        max_size=8,
    )
)
def test_whatever_comes_is_counted_and_never_raises(tmp_path, messages) -> None:
    database = Database(f"sqlite:///{tmp_path / 'fuzz.db'}")
    database.create_all()
    batch = [
        RawMessage(source, topic, payload, T0_MS * 1000, T0_MS * 1000) for source, topic, payload in messages
    ]
    assert Ingest(database).take(batch).received == len(batch)
    database.close()


def kept(value: float, ms: int, *, retained: bool = True) -> RawMessage:
    """A bare number, as a broker gives it at a subscription or live."""
    return RawMessage("json", "sensors/n/h/l/u/temperature", str(value).encode(), ms, ms, retained=retained)


def test_a_number_that_the_broker_had_kept_is_new_where_it_differs_from_the_newest(store: Database) -> None:
    mapped = TopicReader(topic_mapping.load("raw-numbers"))
    ingest = Ingest(store, mapped=mapped)
    at = [T0_MS * 1000 + n for n in range(9)]
    assert ingest.take([kept(20, at[0])]).stored == 1  # the first that is known of it
    again = ingest.take([kept(20, at[1])])
    assert (again.stored, again.repeated, again.quarantined) == (0, 1, 0)
    assert Ingest(store, mapped=mapped).take([kept(20, at[2])]).stored == 0
    assert ingest.take([kept(21, at[3])]).stored == 1  # it came while nobody was there
    assert ingest.take([kept(21, at[4], retained=False)]).stored == 1  # live: said again
    # what waited for us comes first, then the kept one, which is its last
    live = [kept(22, at[5], retained=False), kept(23, at[6], retained=False)]
    assert ingest.take([*live, kept(23, at[7])]).stored == 2
    counted = {row.counter: row.value for row in rows(store, t.ingest_counters) if row.source == "json"}
    assert counted["repeated"] == 3
    assert counted["at_least_once"] == 5
    with store.read() as tx:
        values = list(tx.execute(select(t.readings.c.value).order_by(t.readings.c.source_us)).scalars())
    assert values == [20.0, 21.0, 21.0, 22.0, 23.0]
