"""The plant, or the part of it under a scope: its lines at their constraints, losses, stops, cases."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from domain.equipment import site_of
from domain.kpi import MinorModel, total
from domain.oee import Oee, combine
from domain.strips import Strip
from domain.time_model import Span
from services.floor import facts
from services.kpi import valid
from services.kpi import window as windows
from services.kpi.lines import Line, line_products
from services.rows.floor import LineFigures, Node, PlantFigures, StopRow, Window


@dataclass(frozen=True, slots=True)
class Request:
    """What to read: a scope, a window, at which plant time."""

    scope: str
    window: Window
    now_us: int


def read(tx: Connection, ask: Request) -> PlantFigures:
    """All figures under a scope."""
    zone, currency = facts.site_words(tx, site_of(ask.scope))
    lines = tuple(
        found[0]
        for line in facts.nodes(tx, ask.scope, "line")
        if (found := line_figures(tx, line, ask, zone)) is not None
    )
    stops: list[StopRow] = []
    for line in lines:
        names = {u.equipment_id: u.name for u in line.units}
        window = Span(line.stretch.from_us, line.stretch.to_us)
        stops += facts.stops(tx, line.line.equipment_id, window, names, line.strip)
    dearest = sorted((s for s in stops if s.cost_cents), key=lambda s: (-s.cost_cents, s.name))
    return PlantFigures(
        lines,
        combine(line.oee for line in lines),
        _target(lines),
        tuple(dearest[: facts.SHOWN_STOPS]),
        facts.waiting(tx, ask.scope),
        ask.window,
        currency,
        zone,
    )


def line_figures(
    tx: Connection, node: Node, ask: Request, zone: str, *, every: bool = False
) -> tuple[LineFigures, dict[str, windows.Window]] | None:
    """A line at its constraint, and its machines over the same stretch: the constraint and those behind
    it, or `every` one with its strip. None for a line without units."""
    units = tuple(facts.nodes(tx, node.equipment_id, "unit"))
    if not units:
        return None
    span = facts.stretch(tx, node.equipment_id, ask.window, ask.now_us, zone)
    node, *aimed = facts.aimed(tx, [node, *units], valid.goal_moment(tx, node.equipment_id, span.to_us))
    units = tuple(aimed)
    line = Line(node, units)
    pace = line.constraint.equipment_id
    window = Span(span.from_us, span.to_us)
    shown = [u.equipment_id for u in units] if every else [pace]
    measured = windows.read(tx, node.equipment_id, shown, window, ask.now_us, () if every else line.after)
    open_orders = facts.orders(tx, node.equipment_id, units[-1].equipment_id, limit=1)
    names = {u.equipment_id: u.name for u in units}
    standing = facts.stops(tx, node.equipment_id, Span(ask.now_us - 1, ask.now_us), names, Strip())
    figures = LineFigures(
        node,
        line.constraint,
        span,
        line_oee(line, measured, window, valid.model_of(tx, node.equipment_id, span.to_us)),
        measured[pace].strip,
        open_orders[0] if open_orders else None,
        units,
        tuple(s for s in standing if s.open_since_us is not None and not s.elsewhere),
    )
    return figures, measured


def line_oee(line: Line, measured: Mapping[str, windows.Window], span: Span, model: MinorModel) -> Oee:
    """A line at its constraint, with its good output; `measured` has the constraint and what is behind it."""
    cells = {(unit, key): m for unit, found in measured.items() for key, m in found.products.items()}
    return Oee(span.from_us, span.to_us, total(line_products(cells, line).values()), model)


def _target(lines: tuple[LineFigures, ...]) -> float | None:
    """Targets weighted by planned time, over the lines that have one."""
    weighted = [(line.line.target, _weight(line.oee)) for line in lines if line.line.target is not None]
    total = sum(weight for _, weight in weighted)
    return sum(target * weight for target, weight in weighted) / total if total else None


def _weight(figures: Oee) -> float:
    return max(figures.pbt_s, 1.0)
