"""How fast are figures? A year of 50 machines with 200 state changes a day each, three shifts, orders.

Dashboard queries on SQLite and PostgreSQL (with TAKTWISE_TEST_POSTGRES_URL), recomputation against
plain pandas in the same run, and one new state change. `size` small is for a quick look. The plant is made
once and kept in a folder (`benchmarks.kpi_prepared`); what is timed are the product's own queries.
"""

import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import kpi_pandas
from benchmarks.kpi_plant import START, Size
from benchmarks.kpi_prepared import Plant, plant
from benchmarks.kpi_screens import screens
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR
from domain.measures import NAMES
from domain.time_model import Span
from runtime.collector import quiet
from services.energy import blocks
from services.kpi import grid
from services.kpi.planned import read_line
from services.kpi.refresh import compute, refresh

SIZES = {
    "full": Size(),
    "middle": Size(machines=50, days=120),
    "small": Size(machines=10, days=120),
}
ZONE = "Europe/Berlin"
LONGEST_S, WARM, FEWEST = 5.0, 2, 3  # a slow query is asked less often: what it says is clear by then
Row = dict[str, Any]
Report = Callable[[str], None]


def run(*, folder: Path, size: str = "full", rounds: int = 25, only: str = "") -> list[Row]:
    """Rows {name, value, unit, reach, ok, peer, method}. Says on standard error how far it has come.

    `folder` keeps what is prepared. `only`: just the queries whose name holds it.
    """
    chosen, began = SIZES[size], time.perf_counter()

    def report(words: str) -> None:
        sys.stderr.write(f"[{time.perf_counter() - began:5.0f} s] {words}\n")

    with plant(chosen, folder, report) as found:
        report(f"uses what was prepared in {found.folder}" if found.there else f"prepared {found.folder}")
        rows = [] if only else _recomputed(found, chosen, report)
        for where in found.late:
            with quiet():  # as in the web app, once it has started
                taken = _queries(found, where, chosen, rounds, only)
            report(f"{where}: {len(taken)} queries")
            rows += _query_rows(where, taken, chosen)
        if "PostgreSQL" not in found.late:
            rows.append(_not_measured())
        if not only:
            rows += _one_change(found, chosen, rounds)
            report("one state change")
    return rows


def _recomputed(found: Plant, size: Size, report: Report) -> list[Row]:
    kept = "when it was prepared" + (", before this run" if found.there else "")
    method = f"{_told(size)}; {kept}; a quarter {found.short_s:.1f} s"
    return [
        _against_pandas(found.late["SQLite"], size, report),
        _row("recomputation with writing", found.whole_s, "s", None, method),
    ]


def _not_measured() -> Row:
    words = "not measured: TAKTWISE_TEST_POSTGRES_URL is not set"
    return _row("PostgreSQL: queries", 0.0, "ms", None, words) | {"ok": False}


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


def _against_pandas(database: Database, size: Size, report: Report) -> Row:
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
    with database.read() as tx:
        for line_id in _lines(size):
            line = read_line(tx, line_id, START, size.end_us)
            for unit in line.units:
                values = compute(tx, line, unit, line.cells, size.end_us).sums.values
                for name in total:
                    total[name] += int(np.rint(values[:, NAMES.index(name)].sum()))
    return total


Times = list[tuple[float, float]]  # milliseconds by the clock, and of the processor
Taken = dict[str, tuple[int, Times, Times]]  # days; with a quarter of the history, and with all of it


def _queries(found: Plant, where: str, size: Size, rounds: int, only: str) -> Taken:
    """The same query over the short and the long history in turn, so that both meet the same machine."""
    quarter = size.days // 4
    early = screens(found.early[where], size, START + quarter * DAY)
    late = screens(found.late[where], size, size.end_us)
    taken: Taken = {}
    for short, long in zip(early, late, strict=True):
        if only not in short.name:
            continue
        times: tuple[Times, Times] = [], []
        until = time.perf_counter() + LONGEST_S
        for number in range(rounds + WARM):
            if number >= WARM + FEWEST and time.perf_counter() > until:
                break
            for one, kept in zip((short, long), times, strict=True):
                began, worked = time.perf_counter(), time.process_time()
                one.ask()
                if number >= WARM:
                    spent = time.perf_counter() - began, time.process_time() - worked
                    kept.append((1000 * spent[0], 1000 * spent[1]))
        taken[short.name] = (short.days, *times)
    return taken


def _p95(taken: Times) -> float:
    return float(np.percentile([clock for clock, _ in taken], 95))


def _middle(taken: Times, which: int) -> float:
    return statistics.median(times[which] for times in taken)


def _query_rows(where: str, taken: Taken, size: Size) -> list[Row]:
    words = f"{_told(size)}; the whole screen's read; median"
    rows = [
        _row(
            f"{where}: {name}, p95", _p95(late), "ms", 50.0,
            f"{words} of {len(late)} {_middle(late, 0):.1f} ms, of the processor {_middle(late, 1):.1f} ms",
        )
        for name, (_, _, late) in taken.items()
    ]  # fmt: skip
    fixed = {
        name: _middle(late, 0) / _middle(early, 0)
        for name, (days, early, late) in taken.items()
        if days <= size.days // 4
    }
    if not fixed:
        return rows
    worst = max(fixed, key=fixed.__getitem__)
    method = f"median time against that with a quarter of the history, asked in turn; the worst: {worst}"
    return [*rows, _row(f"{where}: flat in the length of the history", fixed[worst], "x", 1.5, method)]


def _one_change(found: Plant, size: Size, rounds: int) -> list[Row]:
    """A state that has just come: its interval, cell, day, month, losses and the waits of its line. Into a
    copy, so that what is kept stays as it is."""
    line, unit = size.units[3]
    file = Path(shutil.copyfile(found.file, found.folder / "change.db"))
    database = Database(f"sqlite:///{file}")
    taken, committed, busy = [], [], []
    with quiet():  # as in the figures process, once it has started
        for number in range(rounds + 3):
            at = size.end_us - HOUR + number * 1_000_000
            with database.write() as tx:
                row = {"equipment_id": unit, "source_us": at, "state": (6, 11)[number % 2], "mode": 1,
                       "receive_us": at}  # fmt: skip
                tx.execute(t.states.insert().values(**row))
                began, worked = time.perf_counter(), time.process_time()
                changed = {unit: [Span(at, at + 1_000_000)]}
                refresh(tx, line, changed, at + 1_000_000)
                blocks.touch(tx, changed)
                taken.append(1000 * (time.perf_counter() - began))
                busy.append(1000 * (time.process_time() - worked))
            committed.append(1000 * (time.perf_counter() - began))
    database.close()
    file.unlink()
    name = "one state change into every roll-up, median"
    beside = _row(f"{name}, with the commit", statistics.median(committed[3:]), "ms", None, _told(size))
    words = f"{_told(size)}; of the processor {statistics.median(busy[3:]):.1f} ms (median)"
    return [_row(name, statistics.median(taken[3:]), "ms", 5.0, words), beside]
