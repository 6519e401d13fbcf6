"""The plant, or the part of it under a scope: its lines at their constraints, losses, stops, cases."""

from collections.abc import Iterable, Mapping, Sequence
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
from services.kpi.reading import lines_of
from services.rows.floor import LineFigures, Node, PlantFigures, Stretch, Window


@dataclass(frozen=True, slots=True)
class Request:
    """What to read: a scope, a window, at which plant time."""

    scope: str
    window: Window
    now_us: int


def read(tx: Connection, ask: Request) -> PlantFigures:
    """All figures under a scope."""
    zone, currency = facts.site_words(tx, site_of(ask.scope))
    lines, _ = lines_figures(tx, ask, zone)
    looks = {
        line.line.equipment_id: facts.Look(_span(line.stretch), _names(line.units), line.strip)
        for line in lines
    }
    stops = [stop for found in facts.stops_of(tx, ask.scope, looks).values() for stop in found]
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


def lines_figures(
    tx: Connection, ask: Request, zone: str, *, every: bool = False
) -> tuple[tuple[LineFigures, ...], dict[str, windows.Window]]:
    """The lines at or below a scope at their constraints, and their machines over the same stretch: the
    constraint and those behind it, or `every` one with its strip. Lines without units are left out."""
    lines = _aimed(tx, lines_of(tx, ask.scope), ask, zone)
    looks = {
        node.equipment_id: windows.Look([u.equipment_id for u in line.units], _span(stretch))
        if every
        else windows.Look([line.constraint.equipment_id], _span(stretch), line.after)
        for line, stretch in lines
        for node in (line.node,)
    }
    measured = windows.of_lines(tx, looks, ask.now_us)
    open_orders = facts.orders(
        tx, {line.node.equipment_id: line.units[-1].equipment_id for line, _ in lines}, limit=1
    )
    moment = Span(ask.now_us - 1, ask.now_us)
    still = {line.node.equipment_id: facts.Look(moment, _names(line.units), Strip()) for line, _ in lines}
    standing = facts.stops_of(tx, ask.scope, still)
    models = valid.models_of(tx, {line.node.equipment_id: stretch.to_us for line, stretch in lines})
    return tuple(
        LineFigures(
            line.node,
            line.constraint,
            stretch,
            line_oee(line, measured, _span(stretch), models[line.node.equipment_id]),
            measured[line.constraint.equipment_id].strip,
            next(iter(open_orders[line.node.equipment_id]), None),
            line.units,
            tuple(
                stop
                for stop in standing[line.node.equipment_id]
                if stop.open_since_us is not None and not stop.elsewhere
            ),
        )
        for line, stretch in lines
    ), measured


def _aimed(tx: Connection, lines: Sequence[Line], ask: Request, zone: str) -> list[tuple[Line, Stretch]]:
    """Lines with the targets that hold for the window, and the stretch of it."""
    spans = facts.stretches(tx, [line.node.equipment_id for line in lines], ask.window, ask.now_us, zone)
    goals = facts.aims(tx, [node for line in lines for node in (line.node, *line.units)])
    at = valid.goal_moments(tx, {line: span.to_us for line, span in spans.items()})
    found = []
    for line in lines:
        key = line.node.equipment_id
        node, *units = facts.aimed(goals, [line.node, *line.units], at[key])
        found.append((Line(node, tuple(units)), spans[key]))
    return found


def _span(stretch: Stretch) -> Span:
    return Span(stretch.from_us, stretch.to_us)


def _names(units: Iterable[Node]) -> dict[str, str]:
    return {u.equipment_id: u.name for u in units}


def line_oee(line: Line, measured: Mapping[str, windows.Window], span: Span, model: MinorModel) -> Oee:
    """A line at its constraint, with its good output; `measured` has the constraint and what is behind it."""
    cells = {
        (u.equipment_id, key): m
        for u in line.units
        if u.equipment_id in measured
        for key, m in measured[u.equipment_id].products.items()
    }
    return Oee(span.from_us, span.to_us, total(line_products(cells, line).values()), model)


def _target(lines: tuple[LineFigures, ...]) -> float | None:
    """Targets weighted by planned time, over the lines that have one."""
    weighted = [(line.line.target, _weight(line.oee)) for line in lines if line.line.target is not None]
    total = sum(weight for _, weight in weighted)
    return sum(target * weight for target, weight in weighted) / total if total else None


def _weight(figures: Oee) -> float:
    return max(figures.pbt_s, 1.0)
