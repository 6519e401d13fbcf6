"""What a challenger and the champion said of the same machines at the same times, and what came."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import fmean

from sqlalchemy import Connection

from data.store import registry as store
from domain.clock import DAY
from domain.equipment import site_of
from domain.model_gates import Pairs
from domain.prediction import PredictionStatus
from services.risk_truth import Life, alarms, life_of
from services.situation import site_at

MONTH_US = 365 * DAY // 12
BACK_US = 60 * DAY
Said = dict[int, tuple[float | None, bool]]


@dataclass(slots=True)
class _Sum:
    pairs: int = 0
    first: int | None = None
    last: int = 0
    months: float = 0.0
    failures: int = 0
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    differences: list[float] = field(default_factory=list)
    our_false: int = 0
    their_false: int = 0
    our_unknown: int = 0
    their_unknown: int = 0


def pairs_of(
    tx: Connection, units: Iterable[str], name: str, ours: str, theirs: str, horizon_us: int
) -> Pairs:
    """Compare two versions over the last 60 days, machine by machine."""
    total = _Sum()
    now: dict[str, int] = {}
    for unit in units:
        site_id = site_of(unit)
        if site_id not in now:
            now[site_id] = site_at(tx, site_id).now_us
        after = now[site_id] - BACK_US
        mine, other = _said(tx, name, ours, unit, after), _said(tx, name, theirs, unit, after)
        common = sorted(mine.keys() & other.keys())
        if common:
            _add(total, common, mine, other, life_of(tx, unit, common[0], now[site_id]), horizon_us)
    return _pairs(total)


def _said(tx: Connection, name: str, version: str, unit: str, after_us: int) -> Said:
    rows = store.spoken(tx, name, version, unit, after_us)
    return {
        row.at_us: (row.probability if row.status == PredictionStatus.SCORED else None, row.above_threshold)
        for row in rows
    }


def _add(total: _Sum, times: list[int], mine: Said, other: Said, life: Life, horizon_us: int) -> None:
    total.pairs += len(times)
    total.first = times[0] if total.first is None else min(total.first, times[0])
    total.last = max(total.last, times[-1])
    total.months += (times[-1] - times[0]) / MONTH_US
    total.our_unknown += sum(mine[at][0] is None for at in times)
    total.their_unknown += sum(other[at][0] is None for at in times)
    total.our_false += _false(times, mine, life, horizon_us)
    total.their_false += _false(times, other, life, horizon_us)
    _add_truth(total, times, mine, other, life, horizon_us)


def _add_truth(total: _Sum, times: list[int], mine: Said, other: Said, life: Life, horizon_us: int) -> None:
    ours, theirs, failed = [], [], set()
    for at in times:
        came, a, b = life.outcome(at, horizon_us), mine[at][0], other[at][0]
        if came is None or a is None or b is None:
            continue
        ours.append((a - came) ** 2)
        theirs.append((b - came) ** 2)
        if came:
            failed.add(life.failure_after(at))
    if ours:
        total.ours += ours
        total.theirs += theirs
        total.failures += len(failed)
        total.differences.append(fmean(ours) - fmean(theirs))


def _false(times: list[int], said: Said, life: Life, horizon_us: int) -> int:
    began = alarms([(at, said[at][1]) for at in times])
    return sum(life.outcome(at, horizon_us) is False for at in began)


def _pairs(total: _Sum) -> Pairs:
    months = total.months
    return Pairs(
        pairs=total.pairs,
        span_us=total.last - total.first if total.first is not None else 0,
        decided=len(total.ours),
        failures=total.failures,
        ours=fmean(total.ours) if total.ours else None,
        theirs=fmean(total.theirs) if total.theirs else None,
        differences=tuple(total.differences),
        our_false=total.our_false / months if months else None,
        their_false=total.their_false / months if months else None,
        our_unknown=total.our_unknown / total.pairs if total.pairs else 0.0,
        their_unknown=total.their_unknown / total.pairs if total.pairs else 0.0,
    )
