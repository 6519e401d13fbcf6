"""Figures and strips of machines over any stretch: what is over from the roll-ups, the rest from facts.

The same classification and the same sums as the roll-ups, so that a screen, a report and a shift sheet
never differ: a cell (shift) that lies whole in the stretch and is kept up to its end is read. Only the
running cell, and a cell that the stretch cuts, are measured here, by the code that keeps the roll-ups.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any

from sqlalchemy import Connection

from data.store import kpi_rows
from data.store.statements import Among
from domain.clock import HOUR, SECOND
from domain.kpi import Measures, total
from domain.strips import Strip
from domain.time_model import Span
from services.kpi import sums
from services.kpi.engine import CAUSES, GAP, LEAVES
from services.kpi.grid import Cell
from services.kpi.measuring import whole
from services.kpi.planned import Line, read_lines
from services.kpi.refresh import Done, compute, runs_of

BEHIND_US = 90 * SECOND  # roll-ups of a running shift that are older are not good enough to be shown
_UPTO = Among("SELECT equipment_id, upto_us FROM kpi_progress WHERE equipment_id {among}")
_KEPT = Among(
    f"SELECT equipment_id, product_id, {sums.TOTALS_SQL} FROM kpi_cells WHERE equipment_id {{among}}"  # noqa: S608
    " AND from_us >= :from_us AND from_us < :to_us GROUP BY equipment_id, product_id"
)
_CHANGED = Among("SELECT equipment_id, MAX(to_us) FROM kpi_dirty WHERE equipment_id {among} GROUP BY 1")
Products = dict[str, Measures]
_LEAF, _CAUSE = [leaf.value for leaf in LEAVES], [cause.value for cause in CAUSES]


@dataclass(frozen=True, slots=True)
class Window:
    """One machine over a stretch: measures by product ("" without one), and its strip in time order."""

    products: Products
    strip: Strip

    @property
    def measures(self) -> Measures:
        """All products together."""
        return total(self.products.values())


@dataclass(frozen=True, slots=True)
class Look:
    """What is wanted of a line: windows of the machines `shown` over a stretch. Machines `beside` give
    figures only: in a running shift those of the roll-ups are new enough. `standing`: of what is over, strips
    need hold no more than the time in which machines were down or delayed."""

    shown: Sequence[str]
    span: Span
    beside: Sequence[str] = ()
    standing: bool = False


def read(
    tx: Connection, line_id: str, shown: Sequence[str], span: Span, now_us: int, beside: Sequence[str] = ()
) -> dict[str, Window]:
    """Windows of machines of one line, nothing beyond `now_us`."""
    return of_lines(tx, {line_id: Look(shown, span, beside)}, now_us)


def of_lines(tx: Connection, looks: Mapping[str, Look], now_us: int) -> dict[str, Window]:
    """Windows of machines of several lines, nothing beyond `now_us`: what is kept is asked for at once."""
    around = {line: Span(one.span.from_us - HOUR, one.span.to_us + HOUR) for line, one in looks.items()}
    lines = read_lines(tx, around)
    known = _Known.read(tx, looks, now_us)
    parts: list[tuple[Line, str, bool, list[list[Cell]], list[Cell]]] = []
    for line_id, one in looks.items():
        line, span = lines[line_id], one.span
        cells = line.cells_in(span.from_us, min(span.to_us, now_us))
        for unit, is_shown in (dict.fromkeys(one.shown, True) | dict.fromkeys(one.beside, False)).items():
            keeps = [known.keeps(line_id, unit, cell, span, is_shown) for cell in cells]
            others = [_clipped(cell, span) for cell, kept in zip(cells, keeps, strict=True) if not kept]
            parts.append((line, unit, is_shown, _neighbours(compress(cells, keeps)), others))
    sums = _kept_sums(tx, {unit: runs for _, unit, _, runs, _ in parts})
    drawn: dict[str, list[Strip]] = {}
    for standing in {one.standing for one in looks.values()}:
        mine = [part for part in parts if part[2] and looks[part[0].line_id].standing is standing]
        drawn |= _strips(tx, {unit: runs for _, unit, _, runs, _ in mine}, now_us, standing=standing)
    return {
        unit: _window(tx, line, unit, sums[unit], drawn.get(unit), others, now_us)
        for line, unit, _, _, others in parts
    }


@dataclass(frozen=True, slots=True)
class _Known:
    """How far machines are kept, and until when facts of machines and lines wait to be counted."""

    upto: Mapping[str, int]
    changed: Mapping[str, int]
    now_us: int

    @classmethod
    def read(cls, tx: Connection, looks: Mapping[str, Look], now_us: int) -> "_Known":
        units = [unit for one in looks.values() for unit in (*one.shown, *one.beside)]
        running = [line for line, one in looks.items() if one.span.to_us >= now_us]
        waits = [*running, *(unit for line in running for unit in looks[line].shown)]
        changed: dict[str, int] = dict(_CHANGED.rows(tx, waits, {})) if waits else {}
        return cls(dict(_UPTO.rows(tx, units, {})), changed, now_us)

    def keeps(self, line_id: str, unit: str, cell: Cell, span: Span, shown: bool) -> bool:
        """True where the roll-up of a cell is what is to be shown."""
        upto, now_us = self.upto.get(unit), self.now_us
        if upto is None or cell.from_us < span.from_us or (cell.to_us > span.to_us and cell.to_us <= now_us):
            return False
        if cell.to_us <= upto:
            return True
        if span.to_us < now_us or now_us - upto > BEHIND_US:
            return False
        changed = max(self.changed.get(unit, cell.from_us), self.changed.get(line_id, cell.from_us))
        return not shown or changed <= cell.from_us


Runs = Mapping[str, Sequence[Sequence[Cell]]]  # by machine the runs of its cells that are kept


def _alike(runs: Runs) -> dict[tuple[int, int], list[str]]:
    """The machines that have a run, by its beginning and end: those of a line, and often of a plant, have
    the same."""
    found: dict[tuple[int, int], list[str]] = {}
    for unit, its in runs.items():
        for run in its:
            found.setdefault((run[0].from_us, run[-1].to_us), []).append(unit)
    return found


def _kept_sums(tx: Connection, runs: Runs) -> dict[str, list[Products]]:
    """By machine what its runs add up to."""
    found: dict[str, list[Products]] = {unit: [] for unit in runs}
    for (from_us, to_us), units in _alike(runs).items():
        products: dict[str, Products] = {unit: {} for unit in units}
        for unit, product, *values in _KEPT.rows(tx, units, {"from_us": from_us, "to_us": to_us}):
            products[unit][product] = Measures(*values)
        for unit in units:
            found[unit].append(products[unit])
    return found


def _strips(tx: Connection, runs: Runs, now_us: int, *, standing: bool) -> dict[str, list[Strip]]:
    """By machine the stored intervals of its runs; the last one of a running cell goes on until now. Of runs
    that are over only those that stand for `standing`, where that is enough."""
    found: dict[str, list[Strip]] = {unit: [] for unit in runs}
    for (from_us, end), units in _alike(runs).items():
        rows = kpi_rows.strips_of(tx, units, from_us, end, standing=standing and end <= now_us)
        for unit, (begins, ends, *others) in rows.items():
            last = now_us if end > now_us > ends[-1] else ends[-1]
            found[unit].append(Strip(begins, (*ends[:-1], last), *others))
    return found


def _window(
    tx: Connection,
    line: Line,
    unit: str,
    kept: Sequence[Products],
    drawn: Sequence[Strip] | None,
    others: Sequence[Cell],
    now_us: int,
) -> Window:
    """One machine: what is `kept`, with the strips `drawn` of it (None: no strip), and the other cells
    measured."""
    parts, strips = list(kept), list(drawn or ())
    for run in runs_of(others):
        done = compute(tx, line, unit, run, now_us)
        parts.append(_products(done))
        strips += [_strip(done)] if drawn is not None else ()
    return Window(_added(parts), Strip.joined(strips))


def _clipped(cell: Cell, span: Span) -> Cell:
    return replace(cell, from_us=max(cell.from_us, span.from_us), to_us=min(cell.to_us, span.to_us))


def _neighbours(cells: Iterable[Cell]) -> list[list[Cell]]:
    runs: list[list[Cell]] = []
    for cell in cells:
        if not runs or runs[-1][-1].to_us != cell.from_us:
            runs.append([])
        runs[-1].append(cell)
    return runs


def _products(done: Done) -> Products:
    found: list[Any] = list(whole(done.sums.values))
    rows = zip(done.sums.keys, found, strict=True)
    return _added([{product: Measures(*values)} for (_, _, product), values in rows])


def _added(parts: Iterable[Mapping[str, Measures]]) -> Products:
    found: dict[str, list[Measures]] = {}
    for each in parts:
        for product, m in each.items():
            found.setdefault(product, []).append(m)
    return {product: total(every) if len(every) > 1 else every[0] for product, every in found.items()}


def _strip(done: Done) -> Strip:
    p = done.parts
    begins, ends, leaves, causes, states, off_plan = (
        column.tolist() for column in (p.from_us, p.to_us, p.leaf, p.cause, p.state, p.off_plan)
    )
    return Strip(
        tuple(begins),
        tuple(ends),
        tuple([_LEAF[leaf] for leaf in leaves]),
        tuple([_CAUSE[cause] for cause in causes]),
        tuple([None if state == GAP else state for state in states]),
        tuple(off_plan),
        ("",) * len(begins),
    )
