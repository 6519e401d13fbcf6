"""Ingest: what a message costs, against Node-RED, and against what the parts can do at best.

The peer runs in the same call, in turn with ours: a run of each, three times over; medians count.
"""

import gc
import statistics
import sys
from collections.abc import Callable
from typing import Any

from benchmarks import ingest_drain, ingest_limits, ingest_messages, nodered_peer
from benchmarks.ingest_drain import OURS, Drained
from benchmarks.nodered_peer import MANY, ONE
from runtime.workers.ingest import QUIET

RUNS = 3
MESSAGES = {OURS: 60_000, MANY: 60_000, ONE: 5_000}
Row = dict[str, Any]


def run(runs: int = RUNS) -> list[Row]:
    """Rows {name, value, unit, reach, ok, peer, method}. Takes about four minutes; the peer's first
    installation three more. Raises SettingsError when the peer cannot be installed."""
    gc.set_threshold(QUIET)  # as the ingest process does
    packages = nodered_peer.install()
    found: dict[str, list[Drained]] = {OURS: [], MANY: [], ONE: []}
    for number in range(runs):
        for reader, drained in found.items():
            print(f"run {number + 1} of {runs}: {reader}", file=sys.stderr)  # noqa: T201
            drained.append(ingest_drain.drain(reader, MESSAGES[reader], packages))
    ceiling = [ingest_drain.acknowledged(MESSAGES[OURS]) for _ in range(runs)]
    return [
        *ingest_messages.run(),
        *against_peer(found),
        at_best(ceiling, found[OURS]),
        *against_limits(runs),
    ]


def at_best(ceiling: list[Drained], ours: list[Drained]) -> Row:
    """What the broker and the codec give when nothing is stored: the most that a reader can reach."""
    how = (
        "the same backlog read and acknowledged by the codec alone, nothing decoded or stored;"
        " peer: messages stored a second"
    )
    rate, stored = (statistics.median(one.rate for one in found) for found in (ceiling, ours))
    row = {"name": "ingest: messages only acknowledged", "value": round(rate, 1), "unit": "1/s"}
    return {**row, "reach": None, "ok": None, "peer": round(stored, 1), "method": how}


def against_peer(found: dict[str, list[Drained]]) -> list[Row]:
    """The table of what a plant would pick instead."""

    def middle(reader: str, what: str) -> float:
        return float(statistics.median(getattr(one, what) for one in found[reader]))

    how = (
        "one value a message, QoS 1, drained from the same broker into the same table on SQLite, FULL;"
        " Node-RED 5.0.7 acknowledges on receipt, before the commit, ours after it; ours also keeps roll-ups,"
        f" newest values and counters; medians of {len(found[OURS])}"
    )
    rate, cpu, mib = (middle(OURS, what) for what in ("rate", "cpu_us", "mib"))
    one, many = middle(ONE, "rate"), middle(MANY, "rate")
    many_cpu, many_mib = middle(MANY, "cpu_us"), middle(MANY, "mib")
    return [
        _row(f"messages against Node-RED, {ONE}", rate, "1/s", 5 * one, one, how, least=True),
        _row(f"messages against Node-RED, {MANY}", rate, "1/s", 2 * many, many, how, least=True),
        _row(f"processor time a message against Node-RED, {MANY}", cpu, "us", many_cpu / 8, many_cpu, how),
        _row(f"memory against Node-RED, {MANY}", mib, "MiB", many_mib / 3, many_mib, f"{how}; most in use"),
    ]


def against_limits(runs: int) -> list[Row]:
    """How far from the best that the parts can do."""
    how = f"50 machines, 12 values a message, batches of {ingest_limits.BATCH}; medians of {runs}, in turn"
    rows = [
        _limit("backlog into SQLite against bare executemany", lambda: ingest_limits.drains(""), runs, how)
    ]
    url = ingest_limits.postgres()
    name = "backlog into PostgreSQL against bare binary COPY and merge"
    if url:
        rows.append(_limit(name, lambda: ingest_limits.drains(url), runs, how))
    else:
        missing = {"name": name, "value": None, "unit": "1/s", "reach": None, "ok": None}
        rows.append({**missing, "method": "no PostgreSQL here: scripts/services start"})
    pairs = [ingest_limits.decoding() for _ in range(runs)]
    ours, bare = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    how = f"payloads of {ingest_limits.METRICS} metrics; medians of {runs}"
    return [
        *rows,
        _row("Sparkplug decoding a metric against bare parsing", ours, "us", 2 * bare, bare, how, digits=3),
    ]


def _limit(name: str, drains: Callable[[], tuple[float, float]], runs: int, how: str) -> Row:
    pairs = [drains() for _ in range(runs)]
    ours, bare = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    return _row(name, ours, "rows/s", 0.4 * bare, bare, how, least=True)


def _row(
    name: str,
    value: float,
    unit: str,
    reach: float,
    peer: float,
    method: str,
    *,
    least: bool = False,
    digits: int = 1,
) -> Row:
    return {
        "name": f"ingest: {name}",
        "value": round(value, digits),
        "unit": unit,
        "reach": round(reach, digits),
        "ok": bool(value >= reach if least else value <= reach),
        "peer": round(peer, digits),
        "method": method,
    }
