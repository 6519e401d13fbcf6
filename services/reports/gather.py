"""Reads what a period was like for a site, an area or a line. Nothing here is drawn or sent."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, select

from data.store import tables as t
from domain import oee
from domain.clock import MINUTE
from domain.costs import Rates
from domain.equipment import site_of
from domain.errors import NotFound
from domain.oee import Oee
from domain.reporting import Kind, Period
from domain.time_model import Span
from services import kpis, situation
from services.floor import facts, plant
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
        _Line(tx, node, span)
        for node in facts.nodes(tx, scope, "line")
        if (span := _stretch(tx, node.equipment_id, period, now_us)) is not None
    ]
    lines = [line for line in lines if line.units]
    if not lines:
        raise NotFound("there is no line with machines here, or none worked in this period")
    energy = _energy(tx, [line.node.equipment_id for line in lines], period)
    whole = oee.combine([line.at_constraint for line in lines])
    minor_s = sum(line.minor_s for line in lines)
    every = [(line.at_constraint, line.minor_s, line.rate) for line in lines]
    return Report(
        site=site,
        scope=scope,
        scope_name=site.name if scope == site.site_id else names_of(tx, [scope]).get(scope, scope),
        period=period,
        made_us=now_us,
        provisional=standing.reasons(tx, scope, period, now_us, whole),
        whole=whole,
        target=_target(lines),
        lines=tuple(line.figures(energy) for line in lines),
        machines=tuple(row for line in lines for row in line.machines(energy)),
        waterfall=losses.waterfall(whole, minor_s),
        losses=losses.losses(every),
        stops=_stops(tx, lines),
        output=tuple(row for line in lines for row in output.products(tx, line.node, line.units, line.span)),
        decisions=decisions.decided(tx, scope, period),
        energy_kwh=sum(energy[u.equipment_id] for line in lines for u in line.units),
    )


class _Line:
    """One line, measured."""

    def __init__(self, tx: Connection, node: Node, span: Span) -> None:
        self.node, self.span = node, span
        self.units = facts.nodes(tx, node.equipment_id, "unit")
        if not self.units:
            return
        ids = [u.equipment_id for u in self.units]
        self.measured = kpis.figures(tx, ids, span.from_us, span.to_us)
        self.pace = next((u for u in self.units if u.constraint), self.units[-1])
        after = [u.equipment_id for u in self.units if u.position > self.pace.position]
        scrap = sum(self.measured[u].oee.scrap for u in after)
        self.at_constraint = oee.at_constraint(self.measured[self.pace.equipment_id].oee, scrap)
        self.strip = self.measured[self.pace.equipment_id].segments
        self.minor_s = plant.minor_s(self.strip)
        self.rate = (situation.rates_for(tx, node.equipment_id) or Rates()).downtime_cents_per_hour

    def figures(self, energy: Mapping[str, float]) -> PlaceFigures:
        """The line at its constraint."""
        return self._row(self.node, self.at_constraint, sum(energy[u.equipment_id] for u in self.units))

    def machines(self, energy: Mapping[str, float]) -> list[PlaceFigures]:
        """Its machines, in line order."""
        return [self._row(u, self.measured[u.equipment_id].oee, energy[u.equipment_id]) for u in self.units]

    def _row(self, node: Node, figures: Oee, energy_kwh: float) -> PlaceFigures:
        return PlaceFigures(
            node.equipment_id, node.name, self.node.name, self.pace.name, node.target, figures, energy_kwh
        )


def _site(tx: Connection, site_id: str) -> SiteRow:
    s = t.sites.c
    row = tx.execute(
        select(s.site_id, s.name, s.time_zone, s.currency, s.shadow).where(s.site_id == site_id)
    ).first()
    if row is None:
        raise NotFound("there is no such site")
    return SiteRow(*row)


def _stretch(tx: Connection, line_id: str, period: Period, now_us: int) -> Span | None:
    """The period as far as it has passed; a shift only for lines that work in it."""
    end = min(period.to_us, now_us)
    if end <= period.from_us:
        return None
    if period.kind is Kind.SHIFT:
        s = t.shifts.c
        mine = select(s.shift_id).where(
            s.line_id == line_id, s.start_us == period.from_us, s.end_us == period.to_us
        )
        if tx.execute(mine.limit(1)).first() is None:
            return None
    return Span(period.from_us, end)


def _target(lines: Sequence[_Line]) -> float | None:
    """Targets weighted by planned time, over the lines that have one."""
    stated = [(line.node.target, max(line.at_constraint.pbt_s, 1.0)) for line in lines]
    weighted = [(target, weight) for target, weight in stated if target is not None]
    total = sum(weight for _, weight in weighted)
    return sum(target * weight for target, weight in weighted) / total if total else None


def _energy(tx: Connection, line_ids: Sequence[str], period: Period) -> dict[str, float]:
    """kWh per unit; units that report none have 0."""
    c = t.counts.c
    found: dict[str, float] = defaultdict(float)
    for line_id in line_ids:
        rows = tx.execute(
            select(c.equipment_id, func.sum(c.energy_kwh))
            .where(
                c.equipment_id.startswith(line_id + "/", autoescape=True),
                c.bucket_us >= period.from_us,
                c.bucket_us < period.to_us,
            )
            .group_by(c.equipment_id)
        )
        found.update({unit: float(kwh or 0) for unit, kwh in rows})
    return found


def _stops(tx: Connection, lines: Sequence[_Line]) -> tuple[Stop, ...]:
    """The stops that cost most, then those that took longest."""
    found: list[tuple[str, StopRow]] = []
    for line in lines:
        names = {u.equipment_id: u.name for u in line.units}
        rows = facts.stops(tx, line.node.equipment_id, line.span, names, facts.stood(line.strip))
        found += [(line.node.name, row) for row in rows]
    found.sort(key=lambda one: (-one[1].cost_cents, -one[1].lost_us, one[1].name))
    return tuple(
        Stop(
            row.name, line, row.reason.strip(), row.times, row.lost_us / MINUTE, row.cost_cents,
            row.planned, row.elsewhere, row.open_since_us is not None,
        )
        for line, row in found[:SHOWN_STOPS]
    )  # fmt: skip
