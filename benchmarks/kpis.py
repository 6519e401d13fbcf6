"""How fast are figures? A year of 50 machines with 200 state changes a day each, three shifts, orders.

Dashboard queries on SQLite and PostgreSQL (with TAKTWISE_TEST_POSTGRES_URL), recomputation against
plain pandas in the same run, and one new state change. `size` small is for a quick look.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import kpi_pandas
from benchmarks.kpi_plant import START, Size, fill
from benchmarks.kpi_screens import screens
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import upsert
from domain.clock import DAY, HOUR
from domain.time_model import Span
from services.kpi import grid
from services.kpi.planned import read_line
from services.kpi.recompute import recompute
from services.kpi.refresh import compute, refresh

SIZES = {"full": Size(), "small": Size(machines=10, days=120)}
ZONE = "Europe/Berlin"
Row = dict[str, Any]


def run(*, size: str = "full", rounds: int = 40) -> list[Row]:
    """Rows {name, value, unit, reach, ok, peer, method}. Says on standard error how far it has come."""
    chosen, began = SIZES[size], time.perf_counter()
    quarter = chosen.days // 4

    def report(words: str) -> None:
        sys.stderr.write(f"[{time.perf_counter() - began:5.0f} s] {words}\n")

    with tempfile.TemporaryDirectory() as folder, _postgres() as postgres:
        database = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
        database.create_all()
        servers = {"SQLite": database} | ({"PostgreSQL": postgres} if postgres else {})
        fill(database, chosen, range(quarter), report)
        short = _recompute(database, chosen, START + quarter * DAY)
        early = _everywhere(servers, database, chosen, quarter, rounds, report)
        report("queries over a quarter of the history")
        fill(database, chosen, range(quarter, chosen.days), report)
        rows = [_against_pandas(database, chosen, report)]
        whole = _recompute(database, chosen, chosen.end_us)
        report(f"recomputed with writing: {whole:.0f} s")
        method = f"{_told(chosen)}; a quarter {short:.1f} s"
        rows.append(_row("recomputation with writing", whole, "s", None, method))
        late = _everywhere(servers, database, chosen, chosen.days, rounds, report)
        report("queries over all of it")
        for where in servers:
            rows += _query_rows(where, early[where], late[where], chosen)
        if not postgres:
            rows.append(_not_measured())
        rows += _one_change(database, chosen, rounds)
        report("one state change")
        database.close()
    return rows


def _not_measured() -> Row:
    words = "not measured: TAKTWISE_TEST_POSTGRES_URL is not set"
    return _row("PostgreSQL: queries", 0.0, "ms", None, words) | {"ok": False}


Taken = dict[str, list[tuple[float, float]]]  # milliseconds by the clock, and of the processor


def _everywhere(
    servers: dict[str, Database],
    source: Database,
    size: Size,
    days: int,
    rounds: int,
    report: Callable[[str], None],
) -> dict[str, Taken]:
    """Milliseconds a query on each database, at the end of a history of so many days."""
    if "PostgreSQL" in servers:
        _copy(source, servers["PostgreSQL"], report)
    return {
        where: _queries(database, size, START + days * DAY, rounds) for where, database in servers.items()
    }


def _row(name: str, value: float, unit: str, reach: float | None, method: str, peer: Any = None) -> Row:
    ok = None if reach is None else value <= reach
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "reach": reach,
        "ok": ok,
        "peer": peer,
        "method": method,
    }


def _told(size: Size) -> str:
    return f"{size.machines} machines, {size.days} days, {size.changes} state changes a machine and day"


def _lines(size: Size) -> list[str]:
    return list(dict.fromkeys(line for line, _ in size.units))


def _against_pandas(database: Database, size: Size, report: Callable[[str], None]) -> Row:
    """Both read the facts and make the measures of every cell; neither writes. In turn, several times."""
    ours, theirs, busy = [], [], []
    with database.read() as tx:
        grids = {line: grid.read(tx, line, ZONE, START, size.end_us) for line in _lines(size)}
    for _ in range(3 if size.days < 200 else 2):
        began, worked = time.perf_counter(), time.process_time()
        found = _compute(database, size)
        ours.append(time.perf_counter() - began)
        busy.append(time.process_time() - worked)
        began, worked = time.perf_counter(), time.process_time()
        table = kpi_pandas.cells(database, grids, size.end_us)
        theirs.append(time.perf_counter() - began)
        busy.append(time.process_time() - worked)
        report(f"recomputed in {ours[-1]:.1f} s, pandas in {theirs[-1]:.1f} s")
    production = int(table["production"].sum())
    if production != found["production_us"] or int(table["good"].sum()) != found["good"]:
        raise AssertionError(f"the two disagree: {production} and {found}")
    mine, other = statistics.median(ours), statistics.median(theirs)
    name = "recomputation, times plain pandas"
    cpu = statistics.median(busy[::2]), statistics.median(busy[1::2])
    words = f"{_told(size)}; read and measured, not written; processor time {cpu[0]:.1f} s to {cpu[1]:.1f} s"
    row = _row(name, other / mine, "x", None, words, round(other, 2))
    return row | {"reach": 3.0, "ok": other / mine >= 3.0, "ours_s": round(mine, 2)}


def _compute(database: Database, size: Size) -> dict[str, int]:
    total = {"production_us": 0, "good": 0}
    from domain.measures import NAMES

    with database.read() as tx:
        for line_id in _lines(size):
            line = read_line(tx, line_id, START, size.end_us)
            for unit in line.units:
                values = compute(tx, line, unit, line.cells, size.end_us).sums.values
                for name in total:
                    total[name] += int(np.rint(values[:, NAMES.index(name)].sum()))
    return total


def _recompute(database: Database, size: Size, until_us: int) -> float:
    began = time.perf_counter()
    for line in _lines(size):
        with database.write() as tx:
            recompute(tx, line, START, until_us)
    with database.write() as tx:
        done = [{"equipment_id": unit, "from_us": START, "upto_us": until_us} for _, unit in size.units]
        upsert(tx, t.kpi_progress, done, ["equipment_id"])
        tx.exec_driver_sql("ANALYZE")
    return time.perf_counter() - began


def _queries(database: Database, size: Size, until_us: int, rounds: int) -> Taken:
    taken: Taken = {}
    for name, ask in screens(size, until_us, energy=database.is_sqlite).items():
        for number in range(rounds + 3):
            began, worked = time.perf_counter(), time.process_time()
            with database.read() as tx:
                ask(tx)
            if number >= 3:
                times = (1000 * (time.perf_counter() - began), 1000 * (time.process_time() - worked))
                taken.setdefault(name, []).append(times)
    return taken


def _p95(taken: list[tuple[float, float]]) -> float:
    return float(np.percentile([clock for clock, _ in taken], 95))


def _middle(taken: list[tuple[float, float]], which: int) -> float:
    return statistics.median(times[which] for times in taken)


def _query_rows(where: str, early: Taken, late: Taken, size: Size) -> list[Row]:
    words = f"{_told(size)}; the whole screen's read; of the processor"
    rows = [
        _row(f"{where}: {name}, p95", _p95(taken), "ms", 50.0, f"{words} {_middle(taken, 1):.1f} ms (median)")
        for name, taken in late.items()
    ]
    ratios = [_middle(late[n], 0) / _middle(early[n], 0) for n in late if "all" not in n]
    method = "median time against that with a quarter of the history, the worst query of fixed length"
    return [*rows, _row(f"{where}: flat in the length of the history", max(ratios), "x", 1.5, method)]


@contextmanager
def _postgres() -> Iterator[Database | None]:
    """A database of its own on the server of the tests, dropped afterwards; None without a server."""
    import psycopg

    server = os.environ.get("TAKTWISE_TEST_POSTGRES_URL", "")
    if not server:
        yield None
        return
    plain, name = server.replace("postgresql+psycopg://", "postgresql://"), f"taktwise_bench_{os.getpid()}"
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    other = Database(server.rsplit("/", 1)[0] + "/" + name)
    try:
        other.create_all()
        yield other
    finally:
        other.close()
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


_READ = (
    t.sites,
    t.equipment,
    t.shifts,
    t.intervals,
    t.kpi_cells,
    t.kpi_days,
    t.kpi_months,
    t.kpi_losses,
    t.kpi_flags,
    t.kpi_progress,
)


def _copy(database: Database, other: Database, report: Callable[[str], None]) -> None:
    """Everything that the queries read, in place of what is there."""
    with database.read() as source, other.write() as tx:
        tx.exec_driver_sql(f"TRUNCATE {', '.join(table.name for table in _READ)} CASCADE")
        for table in _READ:
            names = ", ".join(table.c.keys())
            plain = [column.name if str(column.type) != "BOOLEAN" else f"CASE {column.name} WHEN 1 THEN 't'"
                     f" WHEN 0 THEN 'f' END" for column in table.c]  # fmt: skip
            shown = ", ".join(f"COALESCE({name}, '\\N')" for name in plain)
            cursor: Any = tx.connection.cursor()
            found = source.exec_driver_sql(f"SELECT {shown} FROM {table.name}").cursor  # noqa: S608
            with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
                while rows := found.fetchmany(10_000):
                    copy.write("".join("\t".join(map(str, row)) + "\n" for row in rows))
            report(f"copied {table.name} to PostgreSQL")
    with other.write() as tx:
        tx.exec_driver_sql("ANALYZE")


def _one_change(database: Database, size: Size, rounds: int) -> list[Row]:
    """A state that has just come: its interval, cell, day, month, losses and the waits of its line."""
    line, unit = size.units[3]
    taken, committed, busy = [], [], []
    for number in range(rounds + 3):
        at = size.end_us - HOUR + number * 1_000_000
        with database.write() as tx:
            row = {"equipment_id": unit, "source_us": at, "state": (6, 11)[number % 2], "mode": 1,
                   "receive_us": at}  # fmt: skip
            tx.execute(t.states.insert().values(**row))
            began, worked = time.perf_counter(), time.process_time()
            refresh(tx, line, {unit: [Span(at, at + 1_000_000)]}, at + 1_000_000)
            taken.append(1000 * (time.perf_counter() - began))
            busy.append(1000 * (time.process_time() - worked))
        committed.append(1000 * (time.perf_counter() - began))
    name = "one state change into every roll-up, median"
    beside = _row(f"{name}, with the commit", statistics.median(committed[3:]), "ms", None, _told(size))
    words = f"{_told(size)}; of the processor {statistics.median(busy[3:]):.1f} ms (median)"
    return [_row(name, statistics.median(taken[3:]), "ms", 5.0, words), beside]
