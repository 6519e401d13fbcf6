"""Reads what a period was like for a site, an area or a line. Nothing here is drawn or sent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from data.store import tables as t
from domain.clock import MINUTE
from domain.costs import Rates
from domain.equipment import site_of
from domain.errors import NotFound
from domain.kpi import Measures, weighted_mean
from domain.oee import Oee, combine
from domain.reporting import Kind, Period
from domain.strips import Strip
from domain.time_model import Cause, Span
from services import situation
from services.floor import facts, plant
from services.kpi import remarks, shift_days, valid
from services.kpi import window as windows
from services.kpi.lines import Line
from services.queries.common import names_of
from services.reports import decisions, losses, output, standing
from services.rows.floor import Node, StopRow
from services.rows.reports import PlaceFigures, Report, Stop
from services.rows.site import SiteRow

SHOWN_STOPS = 15


def report(tx: Connection, scope: str, period: Period, now_us: int) -> Report:
    """The report of a scope for a period. NotFound for a scope without a line."""
    site = _site(tx, site_of(scope))
    lines = [
        _Line(tx, node, span, now_us)
        for node in facts.nodes(tx, scope, "line")
        if (span := _stretch(tx, node.equipment_id, period, site.time_zone, now_us)) is not None
    ]
    lines = [line for line in lines if line.units]
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
        stops=_stops(tx, lines),
        output=output.products(tx, [(line.node, line.made) for line in lines]),
        decisions=decisions.decided(tx, scope, {line.node.equipment_id: line.span for line in lines}),
        energy_kwh=sum(line.energy_kwh for line in lines),
        unsure=tuple(words for line in lines for words in line.unsure(tx)),
        oddities=remarks.said(
            tx,
            {u.equipment_id: u.name for line in lines for u in line.units},
            (min(x.span.from_us for x in lines), max(x.span.to_us for x in lines)),
        ),
    )


class _Line:
    """One line, measured from the roll-ups."""

    def __init__(self, tx: Connection, node: Node, span: Span, now_us: int) -> None:
        self.node, self.span = node, span
        self.units = facts.nodes(tx, node.equipment_id, "unit")
        if not self.units:
            return
        line = Line(node, tuple(self.units))
        ids = [u.equipment_id for u in self.units]
        self.model, self.pace = valid.model_of(tx, node.equipment_id, span.to_us), line.constraint
        pace, beside = self.pace.equipment_id, [unit for unit in ids if unit != self.pace.equipment_id]
        self.measured = windows.read(tx, node.equipment_id, [pace], span, now_us, beside)
        self.strip = self.measured[pace].strip
        figures = plant.line_oee(line, self.measured, span, self.model)
        self.at_constraint = replace(figures, measures=_with_waits(figures.measures, self.strip))
        self.rate = (situation.rates_for(tx, node.equipment_id) or Rates()).downtime_cents_per_hour
        self.goals = valid.goals(tx, [node.equipment_id, *ids])
        self.goal_us = valid.goal_moment(tx, node.equipment_id, span.to_us)

    @property
    def made(self) -> Mapping[str, Measures]:
        """What the last machine made, by product."""
        return self.measured[self.units[-1].equipment_id].products

    @property
    def energy_kwh(self) -> float:
        """Of all its machines; those that report none count 0."""
        return sum(found.measures.energy_kwh for found in self.measured.values())

    def unsure(self, tx: Connection) -> list[str]:
        """What came at once after a gap over an edge of its stretch."""
        named = {u.equipment_id: u.name for u in self.units}
        return remarks.unsure(tx, named, [(self.span.from_us, self.span.to_us)])[0]

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
        goal = self.goals.at(node.equipment_id, self.goal_us)
        return PlaceFigures(
            node.equipment_id, node.name, self.node.name, self.pace.name, goal, figures, energy_kwh
        )


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


def _stretch(tx: Connection, line_id: str, period: Period, zone: str, now_us: int) -> Span | None:
    """The period as the line lives it, as far as it has passed; a shift only for lines that work in it."""
    span = shift_days.span_of(tx, line_id, zone, period)
    end = min(span.to_us, now_us)
    if end <= span.from_us:
        return None
    if period.kind is Kind.SHIFT:
        s = t.shifts.c
        mine = select(s.shift_id).where(
            s.line_id == line_id, s.start_us == period.from_us, s.end_us == period.to_us
        )
        if tx.execute(mine.limit(1)).first() is None:
            return None
    return Span(span.from_us, end)


def _target(lines: Sequence[_Line]) -> float | None:
    """Targets weighted by planned time, over the lines that have one."""
    return weighted_mean(
        (line.figures().target, max(line.at_constraint.measures.pbt_us, 1)) for line in lines
    )


def _stops(tx: Connection, lines: Sequence[_Line]) -> tuple[Stop, ...]:
    """The stops that cost most, then those that took longest."""
    found: list[tuple[str, StopRow]] = []
    for line in lines:
        names = {u.equipment_id: u.name for u in line.units}
        rows = facts.stops(tx, line.node.equipment_id, line.span, names, line.strip)
        found += [(line.node.name, row) for row in rows]
    found.sort(key=lambda one: (-one[1].cost_cents, -one[1].lost_us, one[1].name))
    return tuple(
        Stop(
            row.name, line, row.reason.strip(), row.times, row.lost_us / MINUTE, row.cost_cents,
            row.planned, row.elsewhere, row.open_since_us is not None,
        )
        for line, row in found[:SHOWN_STOPS]
    )  # fmt: skip
