"""Roll-ups equal a plain recomputation from the readings, in whatever order these arrive."""

import random
from bisect import bisect_left
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from data.store import history, intake_records, roll_marks, rolled
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE, SECOND, wall_us
from domain.shift_calendar import Pattern
from domain.telemetry import Gap, SourceKey
from services import calendars
from services.history import marking
from services.history.keeper import HistoryKeeper
from tests import factories as f

LINE = "north/machining/line-1"
START = 1_792_796_400 * SECOND  # Sat 24 Oct 2026 01:00 in Berlin; the clocks go back on Sunday
HOLD = MINUTE
Reading = tuple[int, int, float, int, int]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One database for all examples: they use metrics of their own."""
    if request.param == "sqlite":
        found = Database(f"sqlite:///{tmp_path_factory.mktemp('rolled') / 'x.db'}")
        found.create_all()
        prepare(found)
        yield found
        found.close()
        return
    yield from _postgres()


def _postgres() -> Any:
    import os

    import psycopg
    from pytest_socket import enable_socket, socket_allow_hosts

    from tests.conftest import POSTGRES_URL, needs

    enable_socket()
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    server = needs(POSTGRES_URL, "PostgreSQL").replace("postgresql+psycopg://", "postgresql://")
    name = f"taktwise_rolled_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    found = Database(POSTGRES_URL.rsplit("/", 1)[0] + "/" + name)
    found.create_all()
    prepare(found)
    yield found
    found.close()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def prepare(database: Database) -> None:
    """A line with three shifts a day and machines at the change of the clocks."""
    with database.write() as tx:
        f.site(tx, now_us=START + 4 * DAY)
        f.machine(tx)
        for name, start, minutes in (("Early", 360, 480), ("Late", 840, 480), ("Night", 1_320, 480)):
            pattern = Pattern(name, LINE, name, frozenset(range(1, 8)), start, minutes)
            calendars.save_pattern(tx, pattern)
        calendars.write_shifts(tx, "north", START - DAY, 6)


def metric(database: Database, **how: float) -> int:
    """A new metric of the machine."""
    with database.write() as tx:
        m = t.metrics
        number = len(tx.execute(select(m.c.metric_id)).all()) + 1
        row = {"equipment_id": f.CNC, "name": f"m{number}", "unit": "1", "kind": "gauge", **how}
        return int(tx.execute(insert(m).values(**row).returning(m.c.metric_id)).scalar_one())


def arrive(database: Database, rows: list[Reading]) -> None:
    """As ingest does: stored and marked in one transaction."""
    with database.write() as tx:
        rows = sorted(rows)
        if history.store_readings(tx, rows):
            roll_marks.mark_readings(tx, rows)


def stored(database: Database, level: str, metric_id: int) -> list[tuple[Any, ...]]:
    with database.read() as tx:
        return [tuple(r) for r in rolled.read(tx, level, rolled.Stretch(metric_id, 0, 2**62))]


def plainly(rows: list[Reading], begin: int, end: int, hold: int = HOLD) -> tuple[Any, ...] | None:
    """The row of one stretch, reading by reading. None where nothing came and nothing stood.

    `rows` are in order of time and hold no time twice.
    """
    near = rows[max(0, bisect_left(rows, begin, key=_at) - 1) : bisect_left(rows, end, key=_at) + 1]
    count = sum(begin <= r[1] < end and r[3] == 192 for r in near)
    bad = sum(begin <= r[1] < end and r[3] != 192 for r in near)
    stood = []
    for k, (_, at, value, quality, _) in enumerate(near):
        until = min(at + hold, near[k + 1][1] if k + 1 < len(near) else 2**62, end)
        if quality == 192 and until > max(at, begin):
            stood.append((until - max(at, begin), value))
    covered = sum(us for us, _ in stood)
    if not count and not bad and not covered:
        return None
    values = [v for _, v in stood]
    mean = sum(us * v for us, v in stood) / covered if covered else None
    ends = (min(values), max(values), values[-1]) if values else (None, None, None)
    return (begin, count, bad, covered, mean, *ends)


def _at(row: Reading) -> int:
    return row[1]


def same(found: list[tuple[Any, ...]], wanted: list[tuple[Any, ...]]) -> None:
    assert [r[:4] + r[5:] for r in found] == [r[:4] + r[5:] for r in wanted]
    means = [[r[4] for r in rows if r[4] is not None] for rows in (found, wanted)]
    assert [r[4] is None for r in found] == [r[4] is None for r in wanted]
    assert means[0] == pytest.approx(means[1], rel=1e-9, abs=1e-9)


def check(database: Database, metric_id: int, rows: list[Reading], hold: int = HOLD) -> None:
    """Every level of a metric against `plainly`."""
    rows = sorted(rows, key=_at)
    low, high = min(r[1] for r in rows), max(r[1] for r in rows) + hold
    for level, size in (("minute", MINUTE), ("hour", HOUR)):
        buckets = range(low - low % size, high + size, size)
        wanted = [row for at in buckets if (row := plainly(rows, at, at + size, hold)) is not None]
        same(stored(database, level, metric_id), wanted)
    with database.read() as tx:
        s = t.shifts.c
        turns = tx.execute(select(s.start_us, s.end_us).where(s.line_id == LINE).order_by(s.start_us)).all()
    turns = [turn for turn in turns if turn[0] < START + 4 * DAY]
    wanted = [row for begin, end in turns if (row := plainly(rows, begin, end, hold)) is not None]
    same(stored(database, "shift", metric_id), wanted)


moments = st.integers(0, 2 * 24 * 3_600 * 4).map(lambda quarter: START + quarter * SECOND // 4)
dense = st.tuples(st.integers(0, 47 * 60), st.integers(1, 200), st.sampled_from([1, 5, 20, 59, 60, 61, 300]))


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.lists(moments, max_size=12), st.lists(dense, min_size=1, max_size=3), st.integers(0, 10**6))
def test_equal_to_a_recomputation(store: Database, single: list[int], runs: Any, seed: int) -> None:
    rng = random.Random(seed)
    ids = [metric(store), metric(store)]
    times = {*single, *(START + (a * 60 + k * step) * SECOND for a, n, step in runs for k in range(n))}
    rows = [
        (ids[rng.random() < 0.3], at, rng.choice([0.0, -3.5, rng.gauss(20, 5), 1e6]),
         rng.choice([192, 192, 192, 192, 64, 0]), at)
        for at in sorted(times)
    ]  # fmt: skip
    mixed = rows + rows[: len(rows) // 3]
    if rng.random() < 0.7:
        rng.shuffle(mixed)
    keeper = HistoryKeeper(store, marks=rng.choice([3, 400]), rows=rng.choice([50, 60_000]))
    size = rng.choice([1, 7, 1_000]) if len(mixed) < 60 else 100
    for start in range(0, len(mixed), size):
        arrive(store, mixed[start : start + size])
        if rng.random() < 0.3:
            keeper.turn()
    keeper.catch_up()
    for one in ids:
        mine = [row for row in rows if row[0] == one]
        if mine:
            check(store, one, mine)


def test_shifts_follow_the_clocks_and_the_calendar(store: Database) -> None:
    """The night of the change has nine hours; a shift that moves is rolled up anew, one that goes, goes."""
    one, keeper = metric(store), HistoryKeeper(store)
    rows = [(one, START + k * MINUTE, float(k), 192, 0) for k in range(3 * 24 * 60)]
    arrive(store, rows)
    keeper.catch_up()
    check(store, one, rows)
    covered = [row[3] // HOUR for row in stored(store, "shift", one)]
    assert 9 in covered and set(covered[1:-1]) == {8, 9}
    with store.write() as tx:
        s = t.shifts.c
        before = tx.execute(select(t.shifts).where(s.line_id == LINE).order_by(s.start_us)).mappings().all()
        late = next(r for r in before if r["name"] == "Late" and r["start_us"] > START)
        tx.execute(delete(t.shifts).where(s.shift_id == late["shift_id"]))
        moved = {**late, "start_us": late["start_us"] + 17 * MINUTE + 30 * SECOND, "shift_id": "moved"}
        tx.execute(insert(t.shifts).values(**moved))
    keeper.catch_up()
    try:
        whole = [r for r in stored(store, "shift", one) if r[0] == moved["start_us"]]
        assert len(whole) == 1 and whole[0][1] == 8 * 60 - 18  # minutes that begin in it
        assert late["start_us"] not in {r[0] for r in stored(store, "shift", one)}
    finally:
        with store.write() as tx:
            tx.execute(delete(t.shifts).where(t.shifts.c.shift_id == "moved"))
            tx.execute(insert(t.shifts).values(**late))
        keeper.catch_up()
    check(store, one, rows)


def test_a_mark_that_changes_while_it_is_folded_stays(store: Database) -> None:
    """Between the reading and the writing of a turn another value commits."""
    one, keeper = metric(store), HistoryKeeper(store)
    arrive(store, [(one, START, 1.0, 192, 0)])

    class Slow(HistoryKeeper):
        def _write(self, batch: Any, minutes: Any) -> int:
            arrive(store, [(one, START + 30 * SECOND, 5.0, 192, 0)])
            return super()._write(batch, minutes)

    assert Slow(store).turn().marks == 0
    assert stored(store, "minute", one) == []
    keeper.catch_up()
    check(store, one, [(one, START, 1.0, 192, 0), (one, START + 30 * SECOND, 5.0, 192, 0)])


def test_a_metric_sent_by_exception_stands_while_its_source_lives(store: Database) -> None:
    """Silence means unchanged, up to a gap, and hour after hour until now."""
    one, keeper = metric(store, deadband=0.5), HistoryKeeper(store)
    began = START + 20 * MINUTE
    rows = [(one, began, 4.0, 192, 0), (one, began + 3 * HOUR, 6.0, 192, 0)]
    name = {"source": "sparkplug", "external_id": "g/n/d"}
    with store.write() as tx:
        tx.execute(insert(t.equipment_aliases).values(equipment_id=f.CNC, **name))
    gap = Gap(SourceKey("sparkplug", "g/n/d"), began + HOUR, began + 2 * HOUR, 1, "x")
    try:
        arrive(store, rows)
        keeper.catch_up()
        assert len(stored(store, "hour", one)) > 90  # it stands until now
        with store.write() as tx:  # as ingest does when it learns of the gap
            intake_records.store_gaps(tx, [gap], [], 0)
            marking.mark_gaps(tx, [gap])
        keeper.catch_up()
        hours = {(row[0] - START) // HOUR: row for row in stored(store, "hour", one)}
        covered = {number: hours[number][3] // MINUTE for number in sorted(hours)[:5]}
        assert covered == {0: 40, 1: 20, 3: 40, 4: 60, 5: 60}  # the gap is no value, nor what comes after it
        assert hours[1][4:] == (4.0, 4.0, 4.0, 4.0) and hours[3][4:] == (6.0, 6.0, 6.0, 6.0)
        last = max(hours)
        assert 94 <= last <= 96 and hours[last][7] == 6.0 and hours[last - 1][1:4] == (0, 0, HOUR)
        later = wall_us() + 3 * HOUR
        keeper.standing()
        keeper.standing(later)
        for _ in range(3):
            keeper.turn(later)
        assert max(row[0] for row in stored(store, "hour", one)) >= START + (last + 2) * HOUR
    finally:
        with store.write() as tx:
            tx.execute(delete(t.gaps))
            tx.execute(delete(t.equipment_aliases))


def test_marks_of_states_are_dropped(store: Database) -> None:
    with store.write() as tx:
        row = {"equipment_id": f.CNC, "name": "state", "unit": "1", "kind": "state"}
        one = tx.execute(insert(t.metrics).values(**row).returning(t.metrics.c.metric_id)).scalar_one()
    arrive(store, [(one, START, 6.0, 192, 0)])
    HistoryKeeper(store).catch_up()
    assert stored(store, "minute", one) == []
    with store.read() as tx:
        assert rolled.marks_after(tx, -1, -1, 10) == []
