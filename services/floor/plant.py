"""The plant, or the part of it under a scope: its lines at their constraints, losses, stops, cases."""

from dataclasses import dataclass

from sqlalchemy import Connection

from domain import oee
from domain.clock import SECOND
from domain.equipment import site_of
from domain.oee import Oee
from domain.time_model import Cause, Segment, Span
from services import kpis
from services.floor import facts
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
        figures
        for line in facts.nodes(tx, ask.scope, "line")
        if (figures := line_figures(tx, line, ask, zone)) is not None
    )
    stops: list[StopRow] = []
    for line in lines:
        names = {u.equipment_id: u.name for u in line.units}
        window = Span(line.stretch.from_us, line.stretch.to_us)
        stops += facts.stops(tx, line.line.equipment_id, window, names, facts.stood(line.strip))
    dearest = sorted((s for s in stops if s.cost_cents), key=lambda s: (-s.cost_cents, s.name))
    return PlantFigures(
        lines,
        oee.combine([line.oee for line in lines]),
        _target(lines),
        sum(line.minor_s for line in lines),
        tuple(dearest[: facts.SHOWN_STOPS]),
        facts.waiting(tx, ask.scope),
        ask.window,
        currency,
        zone,
    )


def line_figures(tx: Connection, line: Node, ask: Request, zone: str) -> LineFigures | None:
    """A line at its constraint; None for a line without units."""
    units = tuple(facts.nodes(tx, line.equipment_id, "unit"))
    if not units:
        return None
    constraint = next((u for u in units if u.constraint), units[-1])
    span = facts.stretch(tx, line.equipment_id, ask.window, ask.now_us, zone)
    measured = kpis.figures(tx, [constraint.equipment_id], span.from_us, span.to_us)[constraint.equipment_id]
    after = [u for u in units if u.position > constraint.position]
    scrap = sum(facts.scrap_after(tx, after, span.from_us, span.to_us).values())
    open_orders = facts.orders(tx, line.equipment_id, units[-1].equipment_id, limit=1)
    names = {u.equipment_id: u.name for u in units}
    standing = facts.stops(tx, line.equipment_id, Span(ask.now_us - 1, ask.now_us), names, ())
    return LineFigures(
        line,
        constraint,
        span,
        oee.at_constraint(measured.oee, scrap),
        measured.segments,
        minor_s(measured.segments),
        open_orders[0] if open_orders else None,
        units,
        tuple(s for s in standing if s.open_since_us is not None and not s.elsewhere),
    )


def minor_s(strip: tuple[Segment, ...]) -> float:
    """Seconds in minor stops."""
    return sum(s.to_us - s.from_us for s in strip if s.cause is Cause.MINOR_STOP) / SECOND


def _target(lines: tuple[LineFigures, ...]) -> float | None:
    """Targets weighted by planned time, over the lines that have one."""
    weighted = [(line.line.target, _weight(line.oee)) for line in lines if line.line.target is not None]
    total = sum(weight for _, weight in weighted)
    return sum(target * weight for target, weight in weighted) / total if total else None


def _weight(figures: Oee) -> float:
    return max(figures.pbt_s, 1.0)
