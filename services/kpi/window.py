"""Figures and strips of machines over any stretch: what is over from the roll-ups, the rest from facts.

The same classification and the same sums as the roll-ups, so that a screen, a report and a shift sheet
never differ: a cell (shift) that lies whole in the stretch and is kept up to its end is read. Only the
running cell, and a cell that the stretch cuts, are measured here, by the code that keeps the roll-ups.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from data.store import kpi_rows
from data.store.statements import Among, Statement
from domain.clock import HOUR, SECOND
from domain.kpi import Measures, total
from domain.strips import Strip
from domain.time_model import Span
from services.kpi import sums
from services.kpi.engine import CAUSES, GAP, LEAVES
from services.kpi.grid import Cell
from services.kpi.measuring import whole
from services.kpi.planned import Line, read_line
from services.kpi.refresh import Done, compute, runs_of

BEHIND_US = 90 * SECOND  # roll-ups of a running shift that are older are not good enough to be shown
_UPTO = Among("SELECT equipment_id, upto_us FROM kpi_progress WHERE equipment_id {among}")
_KEPT = Among(
    f"SELECT equipment_id, product_id, {sums.TOTALS_SQL} FROM kpi_cells WHERE equipment_id {{among}}"  # noqa: S608
    " AND from_us >= :from_us AND from_us < :to_us GROUP BY equipment_id, product_id"
)
_CHANGED = Statement(
    "SELECT COUNT(*) FROM kpi_dirty WHERE equipment_id IN (:unit, :line) AND to_us > :from_us"
)
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


def read(
    tx: Connection, line_id: str, shown: Sequence[str], span: Span, now_us: int, beside: Sequence[str] = ()
) -> dict[str, Window]:
    """Windows of machines of one line, nothing beyond `now_us`.

    Machines `beside` give figures only: in a running shift those of the roll-ups are new enough.
    """
    line = read_line(tx, line_id, span.from_us - HOUR, span.to_us + HOUR)
    end = min(span.to_us, now_us)
    cells = [c for c in line.cells if c.to_us > span.from_us and c.from_us < end]
    wanted = dict.fromkeys(shown, True) | dict.fromkeys(beside, False)
    upto: dict[str, int] = dict(_UPTO.rows(tx, list(wanted), {}))
    kept: dict[str, list[Cell]] = {unit: [] for unit in wanted}
    others: dict[str, list[Cell]] = {unit: [] for unit in wanted}
    for unit, is_shown in wanted.items():
        for cell in cells:
            if _is_kept(tx, line, unit, cell, span, upto.get(unit), now_us, is_shown):
                kept[unit].append(cell)
            else:
                others[unit].append(_clipped(cell, span))
    runs = {unit: _neighbours(its) for unit, its in kept.items()}
    parts = _kept_sums(tx, runs)
    return {
        unit: _window(tx, line, unit, parts[unit], runs[unit] if is_shown else None, others[unit], now_us)
        for unit, is_shown in wanted.items()
    }


def _kept_sums(tx: Connection, runs: Mapping[str, Sequence[Sequence[Cell]]]) -> dict[str, list[Products]]:
    """By machine what its runs of kept cells add up to: machines with the same run are read at once, as
    those of a line mostly have."""
    alike: dict[tuple[int, int], list[str]] = {}
    for unit, its in runs.items():
        for run in its:
            alike.setdefault((run[0].from_us, run[-1].to_us), []).append(unit)
    found: dict[str, list[Products]] = {unit: [] for unit in runs}
    for (from_us, to_us), units in alike.items():
        products: dict[str, Products] = {unit: {} for unit in units}
        for unit, product, *values in _KEPT.rows(tx, units, {"from_us": from_us, "to_us": to_us}):
            products[unit][product] = Measures(*values)
        for unit in units:
            found[unit].append(products[unit])
    return found


def _window(
    tx: Connection,
    line: Line,
    unit: str,
    kept: Sequence[Products],
    drawn: Sequence[Sequence[Cell]] | None,
    others: Sequence[Cell],
    now_us: int,
) -> Window:
    """One machine: what is `kept`, with the strips of the runs `drawn` (None: no strip), and the other cells
    measured."""
    parts = list(kept)
    strips = [_stored(tx, unit, run, now_us) for run in drawn or ()]
    for run in runs_of(others):
        done = compute(tx, line, unit, run, now_us)
        parts.append(_products(done))
        strips += [_strip(done)] if drawn is not None else ()
    return Window(_added(parts), Strip.joined(strips))


def _is_kept(
    tx: Connection, line: Line, unit: str, cell: Cell, span: Span, upto: int | None, now_us: int, shown: bool
) -> bool:
    """True where the roll-up of a cell is what is to be shown."""
    if upto is None or cell.from_us < span.from_us or (cell.to_us > span.to_us and cell.to_us <= now_us):
        return False
    if cell.to_us <= upto:
        return True
    if span.to_us < now_us or now_us - upto > BEHIND_US:
        return False
    key = {"unit": unit, "line": line.line_id, "from_us": cell.from_us}
    return not shown or not _CHANGED.rows(tx, key)[0][0]


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


def _stored(tx: Connection, unit: str, cells: Sequence[Cell], now_us: int) -> Strip:
    """Stored intervals; the last one of a running cell goes on until now."""
    end = cells[-1].to_us
    columns = kpi_rows.strip_of(tx, unit, cells[0].from_us, end)
    if not columns:
        return Strip()
    begins, ends, *others = columns
    last = now_us if end > now_us > ends[-1] else ends[-1]
    return Strip(begins, (*ends[:-1], last), *others)


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
