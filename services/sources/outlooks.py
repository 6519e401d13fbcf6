"""A shift that will miss its target even if all goes well from now on, and the machine it lost most to.

Outlook: OEE of the line's constraint so far, and its target from now to the end, by time. A shift is told
of between an hour after its start and an hour before its end, when the outlook lies under MISSES of the
target. The machine is the one of the line that was down longest for a reason of its own; it may get a case
when that was HOURS_DOWN or more, since only then a repair is what the line lacks.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from domain.clock import HOUR, MINUTE
from domain.equipment import site_of
from domain.strips import Strip
from domain.time_model import Leaf
from domain.wording import percent
from services.floor import facts, plant
from services.joining import Signal, Source
from services.kpi import valid
from services.queries.common import names_of
from services.rows.floor import Node, Window

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
    signals = (_line(tx, node, now_us) for node in facts.nodes(tx, site_id, "line"))
    return [one for one in signals if one is not None]


def outlook(so_far: float, target: float, done: float) -> float:
    """OEE of the whole shift when the rest meets its target. Shares 0..1; `done` is the share of the time."""
    return so_far * done + target * (1 - done)


def _line(tx: Connection, node: Node, now_us: int) -> Signal | None:
    running = valid.shift_at(tx, node.equipment_id, now_us)
    if running is None or not running[0] + EDGE_US <= now_us <= running[1] - EDGE_US:
        return None
    begin, end, name = running
    zone, _ = facts.site_words(tx, site_of(node.equipment_id))
    ask = plant.Request(node.equipment_id, Window.SHIFT, now_us)
    lines, measured = plant.lines_figures(tx, ask, zone, every=True)
    if not lines or not lines[0].line.target or lines[0].oee.oee is None:
        return None
    target = lines[0].line.target
    expected = outlook(lines[0].oee.oee, target, (now_us - begin) / (end - begin))
    if expected >= MISSES * target:
        return None
    worst = _down({unit: window.strip for unit, window in measured.items()})
    return _signal(tx, node.equipment_id, worst, (expected, target), _Shift(begin, end, name, now_us))


def _down(strips: Mapping[str, Strip]) -> tuple[str, int]:
    """The machine that was down longest, and for how long."""
    edges = {unit: strip.edges((Leaf.DOWN,)) for unit, strip in strips.items()}
    lost = {unit: sum(ends) - sum(begins) for unit, (begins, ends) in edges.items()}
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
            f"{names.get(line_id, line_id)} will end the {shift.name} shift at an OEE of about "
            f"{percent(oee[0], 0)}, its target is {percent(oee[1], 0)}. "
            f"{names.get(unit, unit)} has stood longest: {minutes} min."
        ),
        opens=down_us >= HOURS_DOWN,
    )
