"""Up to when an alarm's value is known: a source that is silent says "unchanged" for as long as it lives.

A metric whose birth named a deadband, and every metric of a Sparkplug node, is sent by exception: it stands
until its source dies or a gap begins. Of other sources nobody says so: their value stands for 5 minutes (or
twice the stated interval) after the last word of its machine, and for an hour at most.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from data.sources.messages import SPARKPLUG
from data.store import tables as t
from domain.clock import FOR_EVER_US, HOUR, MINUTE, SECOND
from domain.telemetry import Quality
from services.alarms.definition import Definition

LIVES_US, OLD_US = 5 * MINUTE, HOUR
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of an alarm's value: when it was newest, up to when it stands, and what is not known."""

    metric: str
    newest_us: int
    sure_us: int
    silent: tuple[Span, ...] = ()

    def stands(self, said_us: int, until_us: int) -> int:
        """Up to when a value that was said at a time is known, `until_us` at most."""
        begins = (max(begin, said_us) for begin, end in self.silent if end > said_us and begin < until_us)
        return min(until_us, *begins, until_us)

    def lost(self, from_us: int, to_us: int) -> int:
        """How much of a stretch nothing is known of."""
        total, upto = 0, from_us
        for begin, end in sorted(self.silent):
            first, last = max(begin, upto), min(end, to_us)
            if last > first:
                total, upto = total + last - first, last
        return total


def heard(tx: Connection, definitions: Sequence[Definition], since_us: int, now_us: int) -> dict[str, Heard]:
    """By alarm, for those whose metric ever spoke. `since_us`: gaps that ended before it do not matter."""
    m, latest = t.metrics.c, t.latest.c
    query = select(
        m.equipment_id, m.name, m.deadband, m.sampling_ms, m.aggregate_s, latest.source_us, latest.quality
    ).join_from(t.metrics, t.latest, m.metric_id == latest.metric_id)
    newest = {(row.equipment_id, row.name): row for row in tx.execute(query)}
    spoke: dict[str, int] = defaultdict(int)
    for (unit, _), row in newest.items():
        spoke[unit] = max(spoke[unit], row.source_us)
    sources = _sources(tx, {one.equipment_id for one in definitions}, since_us)
    found = {}
    for one in definitions:
        known = newest.get((one.equipment_id, one.metric))
        if known is not None:
            silent, by_exception = sources.get(one.equipment_id, ((), False))
            by_exception |= known.deadband is not None
            last = now_us if by_exception else min(now_us, _held(known, spoke[one.equipment_id]))
            found[one.alarm_id] = _heard(one.metric, known, last, silent)
    return found


def _heard(metric: str, known: Any, last_us: int, silent: tuple[Span, ...]) -> Heard:
    said = known.source_us
    dead = any(end == FOR_EVER_US for _, end in silent)
    plain = Heard(metric, said, said, silent)
    if known.quality != int(Quality.GOOD) and not (known.quality == int(Quality.STALE) and dead):
        return plain  # the source itself says that the value is not to be trusted
    return Heard(metric, said, max(said, plain.stands(said, max(said, last_us))), silent)


def _held(known: Any, spoke_us: int) -> int:
    """Up to when a value stands of a source that does not say how it sends."""
    every_us = max((known.sampling_ms or 0) * 1_000, (known.aggregate_s or 0) * SECOND)
    stands_us = max(LIVES_US, round(2 * every_us))
    said: int = known.source_us
    return min(max(spoke_us, said) + stands_us, said + max(OLD_US, stands_us))


def _sources(
    tx: Connection, units: Iterable[str], since_us: int
) -> Mapping[str, tuple[tuple[Span, ...], bool]]:
    """By machine: the silences of its devices and nodes, and whether a node sends its values."""
    a, g, d, n = t.equipment_aliases.c, t.gaps.c, t.edge_devices.c, t.edge_nodes.c
    aliases = tx.execute(
        select(a.equipment_id, a.source, a.external_id).where(a.equipment_id.in_(list(units)))
    ).all()
    names: dict[str, list[str]] = defaultdict(list)  # a device, or a node -> its machines
    for unit, source, name in aliases:
        for key in {name, "/".join(name.split("/")[:2])} if source == SPARKPLUG else {name}:
            names[key].append(unit)
    if not names:
        return {}
    silent: dict[str, set[Span]] = defaultdict(set)
    rows = [tuple(row) for row in tx.execute(select(d.external_id, d.offline_us))]
    nodes = [tuple(row) for row in tx.execute(select(n.node, n.offline_us))]
    gaps = tx.execute(select(g.external_id, g.from_us, g.to_us).where(g.to_us > since_us)).all()
    spans = [(name, at, FOR_EVER_US) for name, at in (*rows, *nodes) if at is not None]
    for name, begin, end in (*spans, *(tuple(row) for row in gaps)):
        for unit in names.get(name, ()):
            silent[unit].add((begin, end))
    born = {unit for name, _ in nodes for unit in names.get(name, ())}
    return {unit: (tuple(sorted(silent[unit])), unit in born) for found in names.values() for unit in found}
