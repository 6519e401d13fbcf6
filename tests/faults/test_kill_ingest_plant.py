"""kill -9 of ingest and of the broker under the virtual plant, counted against the plant's own log:
JSON at QoS 1 is neither lost nor doubled; of Sparkplug, sent = stored + what lies in reported gaps."""

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from data.store import tables as t
from data.store.database import Database
from simulator.json_devices import WINDOW
from simulator.sent_log import BIRTH, DATA, HISTORY
from tests.kits.faults import strikes
from tests.kits.virtual_plant import PlantRun

KILLS = strikes(5, 20)
BROKERS = strikes(2, 10)
SPEED = 20.0
PER_HOUR = (
    90_000.0  # of plant time: 500 messages a second of wall time, 180 times the floor of 10,000 an hour
)
BETWEEN = 40  # readings of each machine stored between two kills


@pytest.fixture(params=["database", pytest.param("postgres", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(request.param)
    return found


@pytest.mark.slow
def test_the_plants_own_log_agrees_after_kills_of_ingest(store: Database, tmp_path: Path) -> None:
    def kill(run: PlantRun) -> None:
        run.ingest.end(signal.SIGKILL)
        run.ingest.start()

    struck(store, tmp_path, KILLS, kill)


@pytest.mark.slow
def test_the_plants_own_log_agrees_after_kills_of_the_broker(database: Database, tmp_path: Path) -> None:
    def kill(run: PlantRun) -> None:
        run.broker.kill()
        run.broker.start()

    struck(database, tmp_path, BROKERS, kill)


def struck(store: Database, tmp_path: Path, times: int, strike: Callable[[PlantRun], None]) -> None:
    chance = random.Random(9)
    with PlantRun(store, tmp_path, speed=SPEED, messages_per_hour=PER_HOUR) as run:
        kinds = (list(run.json.values()), list(run.sparkplug.values()))
        for _ in range(times):
            _more_of_both(run, kinds)
            time.sleep(chance.uniform(0.0, 0.4))
            strike(run)
        _more_of_both(run, kinds)
        assert run.plant.end(signal.SIGTERM) == 0
        run.wait(lambda: _everything_came(run))
        assert run.ingest.end(signal.SIGTERM) == 0
        _check_json(run, times)
        _check_sparkplug(run, times)


def _more_of_both(run: PlantRun, kinds: tuple[list[str], list[str]]) -> None:
    wanted = [run.stored_count(units) + BETWEEN * len(units) for units in kinds]
    run.wait(lambda: all(run.stored_count(u) >= n for u, n in zip(kinds, wanted, strict=True)))


def _everything_came(run: PlantRun) -> bool:
    """The last reading of every edge node's device, and as many JSON readings as the broker acknowledged."""
    sent, stored = run.sent({DATA, HISTORY}), run.stored(list(run.sparkplug.values()))
    last = all(sent[name][-1] in stored[unit] for name, unit in run.sparkplug.items())
    return last and run.stored_count(list(run.json.values())) >= sum(len(sent[name]) for name in run.json)


def _check_json(run: PlantRun, strikes_: int) -> None:
    """Every reading that the broker acknowledged is stored, once.

    After them may come a few whose acknowledgement the plant did not wait for when it ended.
    """
    sent, stored = run.sent({DATA}), run.stored(list(run.json.values()))
    assert len(run.json) == len(stored) == 25
    for name in run.json:
        assert len(sent[name]) == len(set(sent[name])) > strikes_ * BETWEEN
        assert stored[name][: len(sent[name])] == sent[name]
    assert sum(len(stored[name]) - len(sent[name]) for name in run.json) <= WINDOW
    with run.database.read() as tx:
        c = t.ingest_counters.c
        tally = dict(tx.execute(select(c.counter, c.value).where(c.source == "json")).all())
        rows = tx.execute(_values_of(list(run.json.values()))).scalar_one()
    assert tally["stored"] == rows, "a value was counted twice, or not at all"


def _check_sparkplug(run: PlantRun, strikes_: int) -> None:
    """sent = stored + in a reported gap; nothing is stored that was not sent; gaps hide little."""
    sent, born, gaps = run.sent({DATA, HISTORY}), run.sent({BIRTH}), run.gaps()
    stored = run.stored(list(run.sparkplug.values()))
    assert len(run.sparkplug) == len(stored) == 25
    hidden = 0
    for name, unit in run.sparkplug.items():
        times, kept = set(sent[name]), set(stored[unit])
        spans = gaps.get(name, []) + gaps.get(name.rpartition("/")[0], [])
        in_gap = {ms for ms in times - kept if any(first <= ms <= last for first, last in spans)}
        assert len(times) == len(times & kept) + len(in_gap), sorted(times - kept - in_gap)
        assert len(times) == len(sent[name]) > strikes_ * BETWEEN
        assert kept <= times | set(born[name])
        hidden += sum(any(first < ms < last for first, last in spans) for ms in times & kept)
    assert hidden <= strikes_ * len(run.sparkplug), "a gap must not cover what was stored"


def _values_of(units: list[str]):
    m = t.metrics.c
    both = t.readings.join(t.metrics, m.metric_id == t.readings.c.metric_id)
    return select(func.count()).select_from(both).where(m.equipment_id.in_(units))
