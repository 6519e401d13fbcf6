"""A gateway goes on watching a machine that was taken out of the plant: what it tells then is no alarm."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from data.store import tables as t
from domain.clock import DAY, FOR_EVER_US
from domain.telemetry import Quality
from services.alarms.edge_metrics import AlertMetric

NOTE = "The machine was out of the plant."
LATELY_US = 7 * DAY  # readings are kept for longer
Span = tuple[int, int]
Absences = Mapping[str, Sequence[Span]]


class Turned(NamedTuple):
    """The alert came or went at a moment; when that was heard (plant time)."""

    at_us: int
    active: bool
    receive_us: int


def absences(tx: Connection, units: Collection[str]) -> Absences:
    """When machines were out of the plant: [from, to), by machine."""
    a = t.absences.c
    query = select(a.equipment_id, a.from_us, a.to_us).where(a.equipment_id.in_(units))
    found: dict[str, list[Span]] = defaultdict(list)
    for unit, from_us, to_us in tx.execute(query.order_by(a.from_us)):
        found[unit].append((from_us, FOR_EVER_US if to_us is None else to_us))
    return found


def within(spans: Sequence[Span], at_us: int) -> bool:
    """Was it out of the plant then?"""
    return any(from_us <= at_us < to_us for from_us, to_us in spans)


def put_back(tx: Connection, one: AlertMetric, spans: Sequence[Span], now_us: int) -> list[Turned]:
    """What is different at the end of each absence of late from what it was at its beginning."""
    found = []
    for from_us, to_us in spans:
        lately = now_us - LATELY_US < to_us < FOR_EVER_US
        if lately and (active := _stands(tx, one, to_us)) != _stands(tx, one, from_us):
            found.append(Turned(to_us, active, to_us))
    return found


def _stands(tx: Connection, one: AlertMetric, before_us: int) -> bool:
    r = t.readings.c
    mine = (r.metric_id == one.metric_id) & (r.source_us < before_us) & (r.quality == int(Quality.GOOD))
    return bool(tx.execute(select(r.value).where(mine).order_by(r.source_us.desc()).limit(1)).scalar())
