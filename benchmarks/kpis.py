"""How fast are figures? A year of 50 machines with 200 state changes a day each, three shifts, orders.

Dashboard queries on SQLite and PostgreSQL (with TAKTWISE_TEST_POSTGRES_URL), recomputation against
plain pandas in the same run, and one new state change. `size` small is for a quick look.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import kpi_pandas
from benchmarks.kpi_plant import START, Size, fill
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR
from domain.time_model import Span
from services.kpi import closing, grid, orders, reading
from services.kpi.planned import read_line
from services.kpi.recompute import recompute
from services.kpi.refresh import compute, refresh
from services.rows.kpi import Ask

SIZES = {"full": Size(), "small": Size(machines=10, days=120)}
ZONE = "Europe/Berlin"
Row = dict[str, Any]


def run(*, size: str = "full", rounds: int = 40) -> list[Row]:
    """Rows {name, value, unit, reach, ok, peer, method}."""
    chosen = SIZES[size]
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
        database.create_all()
        fill(database, chosen)
        rows = [_against_pandas(database, chosen)]
        short = _recompute(database, chosen, START + chosen.days * DAY // 4)
        early = _queries(database, chosen, START + chosen.days * DAY // 4, rounds)
        whole = _recompute(database, chosen, chosen.end_us)
        rows.append(
            _row("recomputation with writing", whole, "s", None, f"{_told(chosen)}; a quarter {short:.1f} s")
        )
        late = _queries(database, chosen, chosen.end_us, rounds)
        rows += _query_rows("SQLite", early, late, chosen)
        rows += _on_postgres(database, chosen, rounds)
        rows.append(_one_change(database, chosen, rounds))
        database.close()
    return rows


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


def _against_pandas(database: Database, size: Size) -> Row:
    """Both read the facts and make the measures of every cell; neither writes. In turn, three times."""
    ours, theirs = [], []
    with database.read() as tx:
        grids = {line: grid.read(tx, line, ZONE, START, size.end_us) for line in _lines(size)}
    for _ in range(3 if size.days < 200 else 1):
        began = time.perf_counter()
        found = _compute(database, size)
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        table = kpi_pandas.cells(database, grids, size.end_us)
        theirs.append(time.perf_counter() - began)
    production = int(table["production"].sum())
    if production != found["production_us"] or int(table["good"].sum()) != found["good"]:
        raise AssertionError(f"the two disagree: {production} and {found}")
    speed = statistics.median(theirs) / statistics.median(ours)
    row = _row(
        "recomputation, times plain pandas",
        speed,
        "x",
        None,
        _told(size),
        round(statistics.median(theirs), 2),
    )
    return row | {"reach": 3.0, "ok": speed >= 3.0, "ours_s": round(statistics.median(ours), 2)}


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
        tx.exec_driver_sql("ANALYZE")
    return time.perf_counter() - began


def _asks(size: Size, until_us: int) -> dict[str, Callable[[Any], object]]:
    line, unit = size.units[4]
    week, month, year = (until_us - days * DAY for days in (7, 30, min(365, size.days)))
    return {
        "plant, 7 days": lambda tx: reading.read(tx, Ask("north", week, until_us)),
        "plant, 30 days": lambda tx: reading.read(tx, Ask("north", month, until_us)),
        "plant, all": lambda tx: reading.read(tx, Ask("north", max(START, year), until_us)),
        "line, 30 days, one shift": lambda tx: reading.read(tx, Ask(line, month, until_us, "Early")),
        "line, 30 days, one product": lambda tx: reading.read(tx, Ask(line, month, until_us, "", "P-1")),
        "machine, 30 days": lambda tx: reading.read(tx, Ask(unit, month, until_us)),
        "orders, 7 days": lambda tx: orders.read(tx, Ask("north", week, until_us), until_us),
        "shifts of a line, 7 days": lambda tx: closing.read(tx, line, week, until_us),
    }


def _queries(database: Database, size: Size, until_us: int, rounds: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {}
    for name, ask in _asks(size, until_us).items():
        for number in range(rounds + 3):
            began = time.perf_counter()
            with database.read() as tx:
                ask(tx)
            if number >= 3:
                taken.setdefault(name, []).append(1000 * (time.perf_counter() - began))
    return taken


def _p95(values: list[float]) -> float:
    return float(np.percentile(values, 95))


def _query_rows(
    where: str, early: dict[str, list[float]], late: dict[str, list[float]], size: Size
) -> list[Row]:
    rows = [
        _row(f"{where}: {name}, p95", _p95(values), "ms", 50.0, f"{_told(size)}; the whole screen's read")
        for name, values in late.items()
    ]
    if early:
        ratios = [statistics.median(late[n]) / statistics.median(early[n]) for n in late if "all" not in n]
        method = "median time against that with a quarter of the history, the worst query of fixed length"
        rows.append(_row(f"{where}: flat in the length of the history", max(ratios), "x", 1.5, method))
    return rows


def _on_postgres(database: Database, size: Size, rounds: int) -> list[Row]:
    server = os.environ.get("TAKTWISE_TEST_POSTGRES_URL", "")
    if not server:
        name = "PostgreSQL: queries"
        return [
            _row(name, 0.0, "ms", None, "not measured: TAKTWISE_TEST_POSTGRES_URL is not set") | {"ok": False}
        ]
    with _scratch(server) as other:
        _copy(database, other)
        return _query_rows("PostgreSQL", {}, _queries(other, size, size.end_us, rounds), size)


@contextmanager
def _scratch(server: str) -> Iterator[Database]:
    import psycopg

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


def _copy(database: Database, other: Database) -> None:
    """Everything that the queries read."""
    tables = (
        t.sites,
        t.equipment,
        t.shifts,
        t.kpi_cells,
        t.kpi_days,
        t.kpi_months,
        t.kpi_losses,
        t.kpi_flags,
        t.counts,
    )
    with database.read() as source, other.write() as tx:
        for table in tables:
            names = ", ".join(table.c.keys())
            flags = [n for n, column in enumerate(table.c) if str(column.type) == "BOOLEAN"]
            cursor: Any = tx.connection.cursor()
            rows = source.exec_driver_sql(f"SELECT {names} FROM {table.name}")  # noqa: S608
            with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row([bool(v) if n in flags else v for n, v in enumerate(row)])
    with other.write() as tx:
        tx.exec_driver_sql("ANALYZE")


def _one_change(database: Database, size: Size, rounds: int) -> Row:
    """A state that has just come: its interval, cell, day, month, losses and the waits of its line."""
    line, unit = size.units[3]
    taken = []
    for number in range(rounds):
        at = size.end_us - HOUR + number * 1_000_000
        with database.write() as tx:
            row = {
                "equipment_id": unit,
                "source_us": at,
                "state": (6, 11)[number % 2],
                "mode": 1,
                "receive_us": at,
            }
            tx.execute(t.states.insert().values(**row))
            began = time.perf_counter()
            refresh(tx, line, {unit: [Span(at, at + 1_000_000)]}, at + 1_000_000)
            taken.append(1000 * (time.perf_counter() - began))
    return _row(
        "one state change into every roll-up, median", statistics.median(taken[3:]), "ms", 5.0, _told(size)
    )
