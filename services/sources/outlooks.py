"""A shift that will miss its target even if all goes well from now on, and the machine it lost most to.

Outlook: OEE of the line's constraint so far, and its target from now to the end, by time. A shift is told
of between an hour after its start and an hour before its end, when the outlook lies under MISSES of the
target. The machine is the one of the line that was down longest for a reason of its own; it may get a case
when that was HOURS_DOWN or more, since only then a repair is what the line lacks.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from data.store import tables as t
from domain.clock import HOUR, MINUTE
from domain.time_model import Leaf
from services import kpis
from services.joining import Signal, Source
from services.queries.common import names_of

MISSES = 0.85
HOURS_DOWN = HOUR
EDGE_US = HOUR


@dataclass(frozen=True, slots=True)
class _Shift:
    from_us: int
    to_us: int
    name: str
    now_us: int


def found(tx: Connection, site_id: str, now_us: int) -> list[Signal]:
    """At most one signal a line."""
    units: dict[str, list[kpis.Unit]] = {}
    for unit in kpis.units(tx, site_id):
        units.setdefault(unit.line_id, []).append(unit)
    signals = (_line(tx, line, own, now_us) for line, own in sorted(units.items()))
    return [one for one in signals if one is not None]


def outlook(so_far: float, target: float, done: float) -> float:
    """OEE of the whole shift when the rest meets its target. Shares 0..1; `done` is the share of the time."""
    return so_far * done + target * (1 - done)


def _line(tx: Connection, line_id: str, units: list[kpis.Unit], now_us: int) -> Signal | None:
    begin, end, name = kpis.shift_window(tx, line_id, now_us)
    e = t.equipment.c
    target = tx.execute(select(e.target_oee).where(e.equipment_id == line_id)).scalar()
    if not target or not begin + EDGE_US <= now_us <= end - EDGE_US:
        return None
    figures = kpis.figures(tx, [unit.equipment_id for unit in units], begin, now_us)
    constraint = next((u.equipment_id for u in units if u.constraint), units[-1].equipment_id)
    so_far = figures[constraint].oee.oee
    expected = None if so_far is None else outlook(so_far, target, (now_us - begin) / (end - begin))
    if expected is None or expected >= MISSES * target:
        return None
    return _signal(tx, line_id, _down(figures), (expected, target), _Shift(begin, end, name, now_us))


def _down(figures: dict[str, kpis.UnitFigures]) -> tuple[str, int]:
    """The machine that was down longest, and for how long."""
    lost = {
        unit: sum(s.to_us - s.from_us for s in found.segments if s.leaf is Leaf.DOWN)
        for unit, found in figures.items()
    }
    worst = max(sorted(lost), key=lambda unit: lost[unit])
    return worst, lost[worst]


def _signal(
    tx: Connection, line_id: str, worst: tuple[str, int], oee: tuple[float, float], shift: _Shift
) -> Signal | None:
    unit, down_us = worst
    if down_us < 10 * MINUTE:
        return None
    names = names_of(tx, [line_id, unit])
    minutes = down_us // MINUTE
    return Signal(
        source=Source.OUTLOOK,
        source_id=f"{line_id}@{shift.from_us}",
        said_by="outlook of the shift",
        equipment_id=unit,
        cause="",
        at_us=shift.now_us,
        words=(
            f"{names.get(line_id, line_id)} will end the {shift.name} shift at an OEE of about {oee[0]:.0%}, "
            f"its target is {oee[1]:.0%}. {names.get(unit, unit)} has stood longest: {minutes} min."
        ),
        opens=down_us >= HOURS_DOWN,
    )
