"""How fast are charts of signals? A year of 50 machines with 6 metrics at 1 Hz, as roll-ups.

The tables of roll-ups are filled directly with generated rows, as the fold would write them for 1 Hz: hours
and shifts of all machines for the whole year, minutes of three machines for the 90 days for which they are
kept (of all 50 for the year they would be 158 million rows), readings of these three for an hour. Queries
are those of *Signals*, four signals each, by the clock, on SQLite and (with TAKTWISE_TEST_POSTGRES_URL)
PostgreSQL. A second database holds the last month only: the same queries run on both in turn, so that what
else the machine does slows both.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from auth.permissions import Actor, Role
from benchmarks.kpi_server import server
from data.store import history, rolled
from data.store import tables as t
from data.store.database import Database
from data.store.statements import Row as Stored
from domain.clock import DAY, HOUR, MINUTE, SECOND, Clock, wall_us
from services.context import Context
from services.queries.signals import SignalQueries
from services.rows.signals import Ask
from services.rows.site import SiteRow

Row = dict[str, Any]
MACHINES, DENSE, DAYS, MONTH, MINUTE_DAYS = 50, 3, 365, 30, 90
NAMES = ("temperature", "pressure", "current", "power", "vibration_rms", "load")
END = 1_795_305_600 * SECOND  # 2026-11-22 00:00 UTC
REACH_MS, GROWTH = 50.0, 1.5
SHIFT = 8 * HOUR
SPANS = {  # name: (length, by shift, only where minutes or readings are)
    "30 minutes": (30 * MINUTE, False, True),
    "8 hours": (8 * HOUR, False, True),
    "24 hours": (DAY, False, True),
    "3 days": (3 * DAY, False, True),
    "7 days": (7 * DAY, False, False),
    "30 days": (30 * DAY, False, False),
    "30 days by shift": (30 * DAY, True, False),
    "90 days": (90 * DAY, False, False),
    "365 days": (365 * DAY, False, False),
    "365 days by shift": (365 * DAY, True, False),
}
SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
UNITS = [f"north/area/line-{k // 10 + 1}/cnc-{k + 1}" for k in range(MACHINES)]


def run(*, rounds: int = 40) -> list[Row]:
    """Rows {name, value, unit, reach, ok, peer, method}. Says on standard error how far it has come."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        year, month = (Database(f"sqlite:///{Path(folder) / name}.db") for name in ("year", "month"))
        for one in (year, month):
            one.create_all()
        rows += _measure("SQLite", year, month, rounds)
        for one in (year, month):
            one.close()
    with server("_year") as long, server("_month") as short:
        if long and short:
            return rows + _measure("PostgreSQL", long, short, rounds)
    words = "not measured: TAKTWISE_TEST_POSTGRES_URL is not set"
    return [*rows, _row("PostgreSQL: charts of signals", 0.0, "ms", None, words) | {"ok": False}]


def _measure(where: str, year: Database, month: Database, rounds: int) -> list[Row]:
    began = time.perf_counter()

    def report(words: str) -> None:
        sys.stderr.write(f"[{time.perf_counter() - began:5.0f} s] {where}: {words}\n")

    for database, days in ((month, MONTH), (year, DAYS)):
        _place(database)
        _fill(database, END - days * DAY, END, report)
    asks = [_asking(one) for one in (year, month)]
    rng = random.Random(7)  # noqa: S311
    rows: list[Row] = []
    grown: dict[str, float] = {}
    for name, (span, by_shift, near) in SPANS.items():
        wanted = [_ask(rng, span, by_shift, near) for _ in range(rounds)]
        both = asks if span < MONTH * DAY else asks[:1]
        taken = [[_once(ask, one) for ask in both] for one in wanted]
        rows.append(_chart(where, name, [one[0] for one in taken], rounds))
        if len(both) == 2:
            clock = [statistics.median(one[side][0] for one in taken) for side in (0, 1)]
            grown[name] = clock[0] / clock[1]
        report(name)
    worst = max(grown, key=lambda name: grown[name])
    method = (
        f"median over {DAYS} days of history by median over {MONTH}, in turn, the worst of {len(grown)}"
        f" charts: {worst}; their mean {statistics.mean(grown.values()):.2f}"
    )
    return [*rows, _row(f"{where}: growth with the history", grown[worst], "times", GROWTH, method)]


def _chart(where: str, name: str, taken: list[tuple[float, float]], rounds: int) -> Row:
    clock, busy = [one[0] for one in taken], [one[1] for one in taken]
    dense = f"; minutes of {DENSE} machines for {MINUTE_DAYS} days, readings for an hour"
    method = (
        f"{rounds} queries of four signals of a random machine at a random time, by the clock; median"
        f" {statistics.median(clock):.1f} ms; processor time of this process: p95 {_p95(busy):.1f} ms;"
        f" {MACHINES} machines, {len(NAMES)} metrics, {DAYS} days as roll-ups, generated"
        + (dense if SPANS[name][2] else "")
    )
    return _row(f"{where}: chart of {name}, p95", _p95(clock), "ms", REACH_MS, method)


def _row(name: str, value: float, unit: str, reach: float | None, method: str) -> Row:
    ok = None if reach is None else value <= reach
    head = {"name": name, "value": round(value, 2), "unit": unit, "reach": reach, "ok": ok}
    return {**head, "peer": None, "method": method}


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


def _asking(database: Database) -> SignalQueries:
    actor = Actor("bench", "bench", "Bench", frozenset({Role.PLANT_MANAGER}), ("north",))
    return SignalQueries(Context(database, actor, SITE, Clock(END, wall_us())))


def _ask(rng: random.Random, span: int, by_shift: bool, near: bool) -> Ask:
    back = HOUR if span < HOUR else MONTH * DAY
    to_us = END - rng.randrange(max(1, (back - span) // MINUTE)) * MINUTE
    names = tuple(rng.sample(NAMES, 4))
    return Ask(UNITS[rng.randrange(DENSE if near else MACHINES)], names, to_us - span, to_us, by_shift)


def _once(ask: SignalQueries, wanted: Ask) -> tuple[float, float]:
    """Milliseconds by the clock, and of this process's processor time."""
    began, busy = time.perf_counter(), time.process_time()
    view = ask.view(wanted)
    took = 1_000 * (time.perf_counter() - began), 1_000 * (time.process_time() - busy)
    if any(not series.points for series in view.series):
        raise AssertionError(f"no points for {wanted}")
    return took


def _place(database: Database) -> None:
    levels = {1: "site", 2: "area", 3: "line", 4: "unit"}
    ids = sorted({"/".join(unit.split("/")[:depth]) for unit in UNITS for depth in levels})
    with database.write() as tx:
        tx.execute(insert(t.sites).values(site_id="north", name="North", time_zone="Europe/Berlin",
                                          currency="EUR", shadow=False))  # fmt: skip
        for one in ids:
            depth = one.count("/") + 1
            tx.execute(insert(t.equipment).values(
                equipment_id=one, level=levels[depth], parent_id=one.rpartition("/")[0] or None, name=one,
                machine_type="cnc", assigned=True, constraint_unit=False, position=1, created_us=0,
            ))  # fmt: skip
        for number, (unit, name) in enumerate(_metrics(), 1):
            tx.execute(insert(t.metrics).values(metric_id=number, equipment_id=unit, name=name, unit="1",
                                                kind="gauge"))  # fmt: skip
        for line in {unit.rpartition("/")[0] for unit in UNITS}:
            grid = [
                {"line_id": line, "at_us": at, "to_us": at + SHIFT, "name": ("Early", "Late", "Night")[k % 3]}
                for k, at in enumerate(range(END - DAYS * DAY, END, SHIFT))
            ]
            tx.execute(insert(t.rolled_shift_grid), grid)


def _metrics() -> Iterator[tuple[str, str]]:
    return ((unit, name) for unit in UNITS for name in NAMES)


def _fill(database: Database, from_us: int, to_us: int, report: Callable[[str], None]) -> None:
    """Hours and shifts of all, minutes (and an hour of readings) of the dense ones, metric by metric."""
    for number in range(1, MACHINES * len(NAMES) + 1):
        with database.write() as tx:
            rolled.insert(tx, "hour", _generated(number, from_us, to_us, HOUR))
            rolled.insert(tx, "shift", _generated(number, from_us, to_us, SHIFT))
            if number <= DENSE * len(NAMES):
                begin = max(from_us, END - MINUTE_DAYS * DAY)
                rolled.insert(tx, "minute", _generated(number, begin, to_us, MINUTE))
                if to_us == END:
                    seconds = range(END - HOUR, END, SECOND)
                    history.store_readings(tx, [(number, at, float(at % 977), 192, at) for at in seconds])
        if number % 100 == 0:
            report(f"{number} metrics filled")
    _settle(database)


def _settle(database: Database) -> None:
    """What both databases do by themselves in time: statistics for the choice of a plan."""
    with database.write() as tx:
        tx.exec_driver_sql("ANALYZE")


def _generated(metric_id: int, from_us: int, to_us: int, size: int) -> list[Stored]:
    """Rows of a level at 1 Hz: a slow walk with a band."""
    at = np.arange(from_us, to_us, size, dtype=np.int64)
    rng = np.random.default_rng(metric_id)
    mean = 40 + np.cumsum(rng.normal(0, 0.05, len(at)))
    band = rng.uniform(0.5, 3.0, len(at))
    seconds = size // SECOND
    columns = zip(at.tolist(), mean.tolist(), (mean - band).tolist(), (mean + band).tolist(), strict=True)
    return [(metric_id, us, seconds, 0, size, m, low, high, m) for us, m, low, high in columns]
