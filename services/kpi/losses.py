"""What losses of lines come to, each at its own rate: the same for every screen and report."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from domain.big_losses import six_big_losses
from domain.clock import HOUR
from domain.costs import Rates
from domain.equipment import line_of
from domain.kpi import Measures
from domain.time_model import Cause
from services import situation
from services.kpi import sums
from services.kpi.lines import Line
from services.rows.kpi import BigLossRow, KpiRow, LossRow

NO_LOSS = frozenset({Cause.BREAK, Cause.PLANNED_STOP, Cause.NO_SHIFT, Cause.REMOVED, Cause.PLACED_LATER})


def big_losses(lines: Sequence[tuple[Measures, int]]) -> tuple[BigLossRow, ...]:
    """The six big losses of lines, summed. A line: (its measures, cents that an hour of it costs)."""
    every = [(six_big_losses(m), rate) for m, rate in lines]
    rows = []
    for place, loss in enumerate(six_big_losses(Measures())):
        known = [(found[place].seconds, rate) for found, rate in every]
        told = [(seconds, rate) for seconds, rate in known if seconds is not None]
        if not told and known:
            rows.append(BigLossRow(loss.name, loss.label, None, None))
            continue
        cents = sum(round(seconds / 3600 * rate) for seconds, rate in told)
        seconds = sum(seconds for seconds, _ in told)
        rows.append(BigLossRow(loss.name, loss.label, seconds, cents, len(told) < len(known)))
    return tuple(rows)


def _paces(lines: Sequence[Line], level: str, scope: str) -> bool:
    return level != "unit" or any(line.constraint.equipment_id == scope for line in lines)


def rate(tx: Connection, line: Line) -> int:
    """What an hour of a line costs, in cents."""
    return (situation.rates_for(tx, line.node.equipment_id) or Rates()).downtime_cents_per_hour


def of_scope(
    whole: Measures,
    below: Sequence[KpiRow],
    lines: Sequence[Line],
    level: str,
    scope: str,
    rates: Mapping[str, int],
) -> tuple[BigLossRow, ...]:
    """Of a machine or a line its own; of an area or a site the sum over its lines."""
    if level in ("unit", "line"):
        (own,) = rates.values()
        return big_losses([(whole, own if _paces(lines, level, scope) else 0)])
    return big_losses([(row.measures, rates[row.key]) for row in below])


def pareto(
    lost: sums.Lost, lines: Sequence[Line], level: str, scope: str, rates: Mapping[str, int]
) -> tuple[LossRow, ...]:
    """Losses by cause, the longest first: of a unit its own, of lines those of their constraints, which
    cost the rate stated for their line. Planned time and time outside shifts is no loss."""
    names = {u.equipment_id: u.name for line in lines for u in line.units}
    pace = {line.constraint.equipment_id for line in lines}
    wanted = {scope} if level == "unit" else pace
    rows = [
        LossRow(
            cause, unit, names.get(unit, unit), names.get(whom, ""), us, times,
            round(us / HOUR * rates[line_of(unit)]) if unit in pace and cause != Cause.NO_DATA else None,
        )
        for (unit, cause, whom), (us, times) in lost.items()
        if unit in wanted and cause not in NO_LOSS and us > 0
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda r: (-r.lost_us, r.name, r.cause)))
