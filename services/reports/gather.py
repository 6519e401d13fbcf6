"""Reads what a period was like for a site, an area or a line. Nothing here is drawn or sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from data.store import tables as t
from data.store.statements import Among
from domain.clock import MINUTE
from domain.costs import Rates
from domain.equipment import site_of
from domain.errors import NotFound
from domain.kpi import Measures, MinorModel, weighted_mean
from domain.oee import Oee, combine
from domain.reporting import Kind, Period
from domain.strips import Strip
from domain.time_model import Cause, Span
from services import situation
from services.floor import facts, plant
from services.kpi import remarks, shift_days, valid
from services.kpi import window as windows
from services.kpi.lines import Line
from services.kpi.reading import lines_of
from services.queries.common import names_of
from services.reports import decisions, losses, output, standing
from services.rows.floor import Node
from services.rows.reports import PlaceFigures, Report, Stop
from services.rows.site import SiteRow

SHOWN_STOPS = 15
_WORKS = Among("SELECT line_id FROM shifts WHERE line_id {among} AND start_us = :from_us AND end_us = :to_us")


def report(tx: Connection, scope: str, period: Period, now_us: int) -> Report:
    """The report of a scope for a period. NotFound for a scope without a line."""
    site = _site(tx, site_of(scope))
    lines = _measured(tx, scope, period, site.time_zone, now_us)
    if not lines:
        raise NotFound("there is no line with machines here, or none worked in this period")
    whole = combine(line.at_constraint for line in lines)
    return Report(
        site=site,
        scope=scope,
        scope_name=site.name if scope == site.site_id else names_of(tx, [scope]).get(scope, scope),
        period=period,
        made_us=now_us,
        provisional=standing.reasons(
            tx, scope, [line.node.equipment_id for line in lines], period, site.time_zone, now_us, whole
        ),
        whole=whole,
        target=_target(lines),
        lines=tuple(line.figures() for line in lines),
        machines=tuple(row for line in lines for row in line.machines()),
        waterfall=losses.waterfall(whole.measures, whole.model),
        losses=losses.losses([(line.at_constraint.measures, line.rate) for line in lines]),
        stops=_stops(tx, scope, lines),
        output=output.products(tx, [(line.node, line.made) for line in lines]),
        decisions=decisions.decided(tx, scope, {line.node.equipment_id: line.span for line in lines}),
        energy_kwh=sum(line.energy_kwh for line in lines),
        unsure=_unsure(tx, lines),
        oddities=remarks.said(
            tx,
            {u.equipment_id: u.name for line in lines for u in line.units},
            (min(x.span.from_us for x in lines), max(x.span.to_us for x in lines)),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """One line, measured from the roll-ups: its machines over its stretch, the line at its constraint, what
    an hour of it costs, and its targets at the moment that counts."""

    line: Line
    span: Span
    model: MinorModel
    measured: Mapping[str, windows.Window]
    at_constraint: Oee
    rate: int
    goals: valid.Goals
    goal_us: int

    @property
    def node(self) -> Node:
        """The line itself."""
        return self.line.node

    @property
    def units(self) -> Sequence[Node]:
        """Its machines, in line order."""
        return self.line.units

    @property
    def names(self) -> dict[str, str]:
        """The names of its machines."""
        return {u.equipment_id: u.name for u in self.units}

    @property
    def strip(self) -> Strip:
        """When the constraint stood, and why."""
        return self.measured[self.line.constraint.equipment_id].strip

    @property
    def made(self) -> Mapping[str, Measures]:
        """What the last machine made, by product."""
        return self.measured[self.units[-1].equipment_id].products

    @property
    def energy_kwh(self) -> float:
        """Of all its machines; those that report none count 0."""
        pace = self.line.constraint
        every = [pace, *(u for u in self.units if u is not pace)]
        return sum(self.measured[u.equipment_id].measures.energy_kwh for u in every)

    def figures(self) -> PlaceFigures:
        """The line at its constraint."""
        return self._row(self.node, self.at_constraint, self.energy_kwh)

    def machines(self) -> list[PlaceFigures]:
        """Its machines, in line order."""
        rows = []
        for unit in self.units:
            m = self.measured[unit.equipment_id].measures
            figures = Oee(self.span.from_us, self.span.to_us, m, self.model)
            rows.append(self._row(unit, figures, m.energy_kwh))
        return rows

    def _row(self, node: Node, figures: Oee, energy_kwh: float) -> PlaceFigures:
        goal = self.target(node)
        return PlaceFigures(
            node.equipment_id, node.name, self.node.name, self.line.constraint.name, goal, figures, energy_kwh
        )

    def target(self, node: Node) -> float | None:
        """Of the line, or of one of its machines."""
        return self.goals.at(node.equipment_id, self.goal_us)


def _measured(tx: Connection, scope: str, period: Period, zone: str, now_us: int) -> list[_Line]:
    """The lines of a scope that lived the period, read at once."""
    known = {line.node.equipment_id: line for line in lines_of(tx, scope)}
    spans = _stretches(tx, list(known), period, zone, now_us)
    known = {key: line for key, line in known.items() if key in spans}
    looks = {key: _look(line, spans[key]) for key, line in known.items()}
    measured = windows.of_lines(tx, looks, now_us)
    ends = {key: span.to_us for key, span in spans.items()}
    models, moments = valid.models_of(tx, ends), valid.goal_moments(tx, ends)
    goals = valid.goals(tx, [*known, *(u.equipment_id for line in known.values() for u in line.units)])
    rates = situation.stated_for_all(tx, list(known))
    found = []
    for key, line in known.items():
        figures = plant.line_oee(line, measured, spans[key], models[key])
        strip = measured[line.constraint.equipment_id].strip
        at_pace = replace(figures, measures=_with_waits(figures.measures, strip))
        rate = (rates[key].rates if key in rates else Rates()).downtime_cents_per_hour
        found.append(_Line(line, spans[key], models[key], measured, at_pace, rate, goals, moments[key]))
    return found


def _look(line: Line, span: Span) -> windows.Look:
    """The constraint with the strip of when it stood, and figures of the others."""
    pace = line.constraint.equipment_id
    others = [u.equipment_id for u in line.units if u.equipment_id != pace]
    return windows.Look([pace], span, others, standing=True)


def _with_waits(m: Measures, strip: Strip) -> Measures:
    """The measures with what the machine waited for others."""
    blocked, starved = strip.lasted_us(Cause.BLOCKED), strip.lasted_us(Cause.STARVED)
    return replace(m, blocked_us=blocked, starved_us=starved)


def _site(tx: Connection, site_id: str) -> SiteRow:
    s = t.sites.c
    row = tx.execute(
        select(s.site_id, s.name, s.time_zone, s.currency, s.shadow).where(s.site_id == site_id)
    ).first()
    if row is None:
        raise NotFound("there is no such site")
    return SiteRow(*row)


def _stretches(
    tx: Connection, lines: Sequence[str], period: Period, zone: str, now_us: int
) -> dict[str, Span]:
    """By line the period as it lives it, as far as it has passed; a shift only for lines that work in it."""
    if period.kind is Kind.SHIFT:
        span = {"from_us": period.from_us, "to_us": period.to_us}
        works = {row[0] for row in _WORKS.rows(tx, lines, span)}
        lines = [line for line in lines if line in works]
    spans = shift_days.spans_of(tx, lines, zone, period)
    passed = {line: Span(span.from_us, min(span.to_us, now_us)) for line, span in spans.items()}
    return {line: span for line, span in passed.items() if span.from_us < span.to_us}


def _target(lines: Sequence[_Line]) -> float | None:
    """Targets weighted by planned time, over the lines that have one."""
    return weighted_mean(
        (line.target(line.node), max(line.at_constraint.measures.pbt_us, 1)) for line in lines
    )


def _unsure(tx: Connection, lines: Sequence[_Line]) -> tuple[str, ...]:
    """What came at once after a gap over an edge of the stretch of a line."""
    asked = [(line.names, [(line.span.from_us, line.span.to_us)]) for line in lines]
    return tuple(words for [its] in remarks.unsure(tx, asked) for words in its)


def _stops(tx: Connection, scope: str, lines: Sequence[_Line]) -> tuple[Stop, ...]:
    """The stops that cost most, then those that took longest."""
    looks = {line.node.equipment_id: facts.Look(line.span, line.names, line.strip) for line in lines}
    by_line = facts.stops_of(tx, scope, looks)
    found = [(line.node.name, row) for line in lines for row in by_line[line.node.equipment_id]]
    found.sort(key=lambda one: (-one[1].cost_cents, -one[1].lost_us, one[1].name))
    return tuple(
        Stop(
            row.name, line, row.reason.strip(), row.times, row.lost_us / MINUTE, row.cost_cents,
            row.planned, row.elsewhere, row.open_since_us is not None,
        )
        for line, row in found[:SHOWN_STOPS]
    )  # fmt: skip
