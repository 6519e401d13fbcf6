"""Breaks between a gateway and its host, on a clock of the test's own: every value counted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.store.database import Database
from domain.telemetry import Quality
from tests.kits.gateway import START_MS, Bench, gateway_file

NAMES = ("temperature", "load", "pressure", "current", "speed", "power")
METRICS = [{"node": f"ns=2;s={name}", "metric": name} for name in NAMES]


@pytest.fixture
def bench(tmp_path: Path, database: Database) -> Iterator[Bench]:
    found = Bench(gateway_file(tmp_path, METRICS), database)
    found.host_online = True
    found.connect()
    found.answers("press")
    yield found
    found.shelf.close()


def run(bench: Bench, seconds: int) -> dict[int, int]:
    """A changing value of every metric each second: source time -> number."""
    sent: dict[int, int] = {}
    for _ in range(seconds):
        number = (bench.now_ms - START_MS) // 1000
        bench.turn([("press", name, float(number)) for name in NAMES])
        sent[bench.now_ms] = number
    return sent


def everything_is_there(bench: Bench, sent: dict[int, int]) -> None:
    """Each value that was made is stored once, and whatever else is stored confirms the value before it."""
    for name in NAMES:
        found = bench.stored(name)
        assert {at: found[at][0] for at in sent if at in found} == sent, name
        for at in found.keys() - sent.keys():
            before = max(other for other in sent if other < at)
            assert found[at][0] == sent[before], name


def test_a_link_that_is_cut_for_ten_minutes_loses_nothing(bench: Bench) -> None:
    sent = run(bench, 30)
    bench.cut = True
    sent |= run(bench, 45)  # until the keepalives run out, messages go into the void
    assert bench.lost_messages > 40
    bench.notice()
    sent |= run(bench, 555)
    assert bench.shelf.waiting()[0] == 555 * len(NAMES)
    bench.cut = False
    bench.connect()
    sent |= run(bench, 60)
    everything_is_there(bench, sent)
    assert len(sent) == 690
    assert bench.gaps() == []
    assert bench.shelf.waiting()[0] == 0


def test_what_is_resent_is_marked_as_historical_and_stays_out_of_the_newest_value(bench: Bench) -> None:
    run(bench, 5)
    bench.state(online=False)
    bench.forward()
    assert not bench.connected  # NDEATH, and a new connection
    run(bench, 20)
    bench.connect()
    assert not bench.forwarder.node.online
    bench.state(online=True)
    born = bench.now_ms
    waiting = bench.shelf.next(bench.shelf.resend_from(0), 1_000)
    assert all(bench.forwarder.node.is_late("press", entry.value.at_ms) for entry in waiting[:-6])
    assert not bench.forwarder.node.is_late("press", born + 1)
    sent = run(bench, 10)
    assert max(bench.stored("load")) == max(sent)


def test_values_that_never_change_leave_no_gap_open(bench: Bench) -> None:
    bench.turn([("press", "temperature", 40.0)])
    bench.settle(3)
    bench.cut = True
    bench.settle(45)
    bench.notice()
    bench.settle(120)
    bench.cut = False
    bench.connect()
    bench.settle(20)
    assert bench.gaps() == []
    assert {value for value, _ in bench.stored("temperature").values()} == {40.0}


def test_the_time_in_which_a_gateway_was_dead_is_a_gap_and_nothing_else_is(
    bench: Bench, tmp_path: Path
) -> None:
    sent = run(bench, 30)
    bench.cut = True
    bench.notice()
    sent |= run(bench, 60)
    died = bench.now_ms
    bench.kill()
    bench.now_ms += 300_000
    bench.cut = False
    bench.start()
    bench.connect()
    bench.answers("press")
    came = bench.now_ms
    sent |= run(bench, 30)
    everything_is_there(bench, sent)
    (gap,) = bench.gaps()
    assert gap[0] == died
    assert came <= gap[1] <= came + 2_000


def test_a_server_that_is_lost_while_the_broker_is_away_too_leaves_its_own_gap(bench: Bench) -> None:
    sent = run(bench, 30)
    bench.cut = True
    bench.notice()
    sent |= run(bench, 30)
    lost = bench.now_ms
    bench.answers("press", present=False)
    bench.settle(60)
    bench.answers("press")
    sent |= run(bench, 30)
    bench.cut = False
    bench.connect()
    sent |= run(bench, 60)
    everything_is_there(bench, sent)
    (gap,) = bench.gaps()
    assert gap == (lost, lost + 61_000, "device_offline")


def test_a_store_that_is_full_drops_the_oldest_counts_them_and_leaves_a_gap(
    tmp_path: Path, database: Database
) -> None:
    bench = Bench(gateway_file(tmp_path, METRICS, rows=600), database)
    bench.host_online = True
    bench.connect()
    bench.answers("press")
    sent = run(bench, 10)
    bench.cut = True
    bench.notice()
    made = run(bench, 300)
    assert bench.shelf.waiting()[0] <= 600
    bench.cut = False
    bench.connect()
    after = run(bench, 30)
    dropped = bench.shelf.fact("dropped") or 0
    stored = bench.stored("temperature")
    kept = {at: number for at, number in made.items() if at in stored}
    everything_is_there(bench, sent | kept | after)
    assert dropped == (len(made) - len(kept)) * len(NAMES) > 0
    (gap,) = bench.gaps()
    first_kept = min(kept)
    assert gap[:2] == (max(sent), first_kept)
    bench.shelf.close()


def test_a_rebirth_request_resends_what_may_have_been_lost(bench: Bench) -> None:
    sent = run(bench, 20)
    bench.cut = True
    sent |= run(bench, 5)  # a hole in the sequence numbers; the connection stands
    bench.cut = False
    sent |= run(bench, 20)
    everything_is_there(bench, sent)


def test_nothing_is_published_while_the_host_is_away(bench: Bench) -> None:
    bench.state(online=False)
    bench.forward()
    bench.connect()
    run(bench, 10)
    assert bench.forwarder.turn(bench.now_ms) == []


def test_a_bad_value_is_told_with_its_quality(bench: Bench) -> None:
    bench.turn([("press", "load", 50.0)])
    bench.turn([("press", "load", None)], Quality.BAD)
    bad_at = bench.now_ms
    bench.turn([("press", "load", 50.0)])
    found = bench.stored("load")
    assert found[bad_at] == (50.0, int(Quality.BAD))
    assert found[bench.now_ms] == (50.0, int(Quality.GOOD))
