"""Three ingest processes divide the plant; one is killed and not started again: another takes its part over
and gives it back. The counts are exact: JSON once; of Sparkplug, what was sent is stored or in a gap."""

import json
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from data.store import tables as t
from data.store.database import Database
from domain.partition import part_of
from tests.faults.test_kill_ingest import times
from tests.kits.broker import PASSWORD, NatsBroker
from tests.kits.faults import strikes
from tests.kits.live_edge import LiveEdge, publish_json
from tests.kits.virtual_plant import Worker

PARTS = 3
KILLS = strikes(1, 6)
BETWEEN = 300  # values of each machine stored between two kills


def one_in_each(names: Callable[[int], str], key: Callable[[str], str]) -> list[str]:
    """The first name that belongs to each part."""
    found: dict[int, str] = {}
    for number in range(1, 200):
        found.setdefault(part_of(key(names(number)), PARTS), names(number))
    return [found[part] for part in range(PARTS)]


NODES = one_in_each(lambda n: f"line-{n}", lambda node: f"north/{node}")
UNITS = one_in_each(lambda n: f"north/hall/line-1/press-{n}", lambda unit: unit)


def equipment(store: Database, external_id: str) -> str:
    """Empty while nothing has come of it."""
    a = t.equipment_aliases.c
    with store.read() as tx:
        return str(tx.execute(select(a.equipment_id).where(a.external_id == external_id)).scalar() or "")


def holders(store: Database) -> dict[int, int]:
    """Which process (by its home) holds which part."""
    p = t.ingest_parts.c
    with store.read() as tx:
        return {row.part: row.home for row in tx.execute(select(p.part, p.home, p.token)) if row.token}


def wait(happened: Callable[[], bool], said: Callable[[], str], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, said()
        time.sleep(0.2)


class Run:
    """The processes, three edge nodes and three JSON devices."""

    def __init__(self, store: Database, folder: Path) -> None:
        self.store, self.broker = store, NatsBroker(folder / "nats")
        self.broker.start()
        env = {
            "TAKTWISE_VAR_DIR": str(folder), "TAKTWISE_DATABASE_URL": store.url,
            "TAKTWISE_BROKER_URL": self.broker.url, "TAKTWISE_BROKER_PASSWORD": PASSWORD,
            "TAKTWISE_INGEST_WORKERS": str(PARTS),
        }  # fmt: skip
        self.workers = [
            Worker(["ingest"], env | {"TAKTWISE_INGEST_NUMBER": str(n + 1)}, folder) for n in range(PARTS)
        ]
        self.stop, self.sent = threading.Event(), dict[str, list[int]]()
        self.edges: list[LiveEdge] = []
        self.threads: list[threading.Thread] = []

    def said(self) -> str:
        return self.workers[0].said()

    def begin(self) -> None:
        for worker in self.workers:
            worker.start()
        wait(lambda: holders(self.store) == {n: n for n in range(PARTS)}, self.said)
        wait(self._connected, self.said)  # of a node that nobody ever heard, nobody can tell what was missed
        start_ms = int(time.time() * 1000) - 3_600_000
        self.edges = [LiveEdge(self.broker.url, PASSWORD, "taktwise", start_ms, node) for node in NODES]
        acts: list[Callable[[], Any]] = [partial(edge.run, self.stop) for edge in self.edges]
        acts += [partial(self._json, unit, start_ms) for unit in UNITS]
        self.threads = [threading.Thread(target=act) for act in acts]
        for thread in self.threads:
            thread.start()

    def _connected(self) -> bool:
        with self.store.read() as tx:
            details = [json.loads(row.detail) for row in tx.execute(select(t.workers))]
        return [detail.get("sparkplug") for detail in details] == ["connected"] * PARTS

    def _json(self, unit: str, start_ms: int) -> None:
        self.sent[unit] = publish_json(self.broker.url, PASSWORD, unit, start_ms, self.stop)

    def stored(self) -> list[int]:
        units = [*(f"north/{node}/cnc-11" for node in NODES), *UNITS]
        found = [equipment(self.store, unit) for unit in units]
        return [len(times(self.store, unit, "good_count")) if unit else 0 for unit in found]

    def good(self, external_id: str, metric: str = "good_count") -> list[int]:
        """Source times of the stored values, in milliseconds."""
        return times(self.store, equipment(self.store, external_id), metric)

    def until(self, happened: Callable[[dict[int, int], int], bool], part: int) -> None:
        wait(lambda: happened(holders(self.store), part), self.said)

    def more(self) -> None:
        """Until every machine, whoever takes it in, has that many values more."""
        before = self.stored()
        wait(lambda: all(b - a >= BETWEEN for a, b in zip(before, self.stored(), strict=True)), self.said)

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(120)
        for edge in self.edges:
            edge.settle(4)
            edge.close()


@pytest.mark.slow
@pytest.mark.services
def test_a_killed_process_is_replaced_and_nothing_is_lost_or_doubled(
    postgres: Database, tmp_path: Path
) -> None:
    run = Run(postgres, tmp_path)
    try:
        run.begin()
        run.more()
        for kill in range(KILLS):
            victim = (kill + 1) % PARTS
            run.workers[victim].end(signal.SIGKILL)
            run.until(lambda at, home: at.get(home, home) != home, victim)
            run.more()
            run.workers[victim].start()
            run.until(lambda at, home: at.get(home) == home, victim)
            run.more()
        run.end()
        wait(lambda: everything_came(run), run.said)
        for worker in run.workers:
            assert worker.end(signal.SIGTERM) == 0
        check(run)
    finally:
        run.stop.set()
        for worker in run.workers:
            worker.end(signal.SIGKILL)
        run.broker.kill()


def everything_came(run: Run) -> bool:
    """The last value of each edge node, and all that the broker acknowledged."""
    return all(
        max(edge.log) in run.good(f"north/{node}/cnc-11") for edge, node in zip(run.edges, NODES, strict=True)
    ) and all(set(run.sent[unit]) <= set(run.good(unit)) for unit in UNITS)


def check(run: Run) -> None:
    for unit in UNITS:
        assert run.sent[unit]
        assert sorted(run.good(unit)) == run.sent[unit]
    c = t.ingest_counters.c
    with run.store.read() as tx:
        gaps = list(tx.execute(select(t.gaps)))
        stored = tx.execute(select(c.value).where(c.counter == "stored", c.source == "json")).scalar_one()
    assert stored == sum(len(run.good(unit, name)) for unit in UNITS for name in ("good_count", "load"))
    for edge, node in zip(run.edges, NODES, strict=True):
        of_node = [gap for gap in gaps if gap.external_id.startswith(f"north/{node}")]
        spans = [(gap.from_us // 1000, -(-gap.to_us // 1000)) for gap in of_node]
        kept = set(run.good(f"north/{node}/cnc-11"))
        lost = [ms for ms in edge.log if ms not in kept]
        unsaid = [ms for ms in lost if not any(first <= ms <= last for first, last in spans)]
        assert unsaid == [], (node, unsaid[0], unsaid[-1], of_node)
        hidden = [ms for ms in kept & set(edge.log) if any(first < ms < last for first, last in spans)]
        assert len(hidden) <= 2 * KILLS + 2, "a gap must not cover what was stored"
