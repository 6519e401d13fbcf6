"""What probably stopped a machine, from its own state and from the machines around it. Rules, no model.

waiting (Suspended)   the nearest machine behind that stands for a reason of its own: blocked by it;
                      the nearest one before: starved by it; both: the nearer one, and unsure
several at once       half of a line or more began to stand within a minute: a common cause
standing itself       work of maintenance: that; Aborted: a breakdown; short: a short stop; else unsure
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.clock import MINUTE
from domain.stops import Stop
from domain.telemetry import MachineState
from domain.time_model import Span

TOGETHER_US = MINUTE
BUFFER_US = 30 * MINUTE  # a neighbour's stop may be felt this much later, through the parts between
_BROKEN = frozenset({MachineState.ABORTED, MachineState.ABORTING})
_STOOD = _BROKEN | {MachineState.STOPPED, MachineState.STOPPING, MachineState.HELD, MachineState.HOLDING}
_RESET = frozenset({MachineState.CLEARING, MachineState.RESETTING, MachineState.STARTING})


class Strength(StrEnum):
    """How sure a rule is."""

    STRONG = "strong"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A reason's code, the machine that it is charged to ("" for none), and one clause that says why."""

    reason: str
    charged_to: str
    because: str
    strength: Strength


@dataclass(frozen=True, slots=True)
class Around:
    """What stood around a stop: the units of the line in order, and the stops of each.

    `work` is maintenance on the machine itself: its kind and when.
    """

    units: Sequence[str]
    names: Mapping[str, str]
    stops: Mapping[str, Sequence[Stop]]
    work: Sequence[tuple[str, Span]]
    short_us: int


def propose(stop: Stop, around: Around) -> Proposal | None:
    """The most probable reason; None where no rule speaks."""
    return _common(stop, around) or (_waiting(stop, around) if stop.external else _own(stop, around))


def _common(stop: Stop, around: Around) -> Proposal | None:
    if stop.external or stop.state not in _STOOD or len(around.units) < 4:
        return None
    together = sum(
        any(o.state in _STOOD and not o.external and _close(o, stop) for o in around.stops[unit])
        for unit in around.units
    )
    if together * 2 < len(around.units):
        return None
    said = f"{together} of {len(around.units)} machines of the line stopped within a minute"
    return Proposal("utilities", "", said, Strength.STRONG)


def _close(one: Stop, other: Stop) -> bool:
    return abs(one.from_us - other.from_us) <= TOGETHER_US


def _waiting(stop: Stop, around: Around) -> Proposal | None:
    place = around.units.index(stop.equipment_id)
    behind = _nearest(stop, around, around.units[place + 1 :])
    before = _nearest(stop, around, around.units[:place][::-1])
    if behind is None and before is None:
        return None
    sure = Strength.WEAK if behind and before else Strength.STRONG
    if behind and (before is None or behind[:2] <= before[:2]):
        said = f"{around.names.get(behind[2], behind[2])}, behind it, stood"
        return Proposal("blocked", behind[2], said, sure)
    assert before is not None  # noqa: S101  (one of the two is there)
    said = f"{around.names.get(before[2], before[2])}, before it, stood"
    return Proposal("starved", before[2], said, sure)


def _nearest(stop: Stop, around: Around, units: Sequence[str]) -> tuple[bool, int, str] | None:
    """(over already, distance, unit) of the unit that stood for a reason of its own: still, then nearest."""
    found: list[tuple[bool, int, str]] = []
    for distance, unit in enumerate(units, start=1):
        for other in around.stops[unit]:
            felt = other.from_us <= stop.from_us + TOGETHER_US and stop.from_us <= other.to_us + BUFFER_US
            if not other.external and felt:
                found.append((other.to_us <= stop.from_us, distance, unit))
    return min(found, default=None)


def _own(stop: Stop, around: Around) -> Proposal | None:
    for kind, span in around.work:
        if min(span.to_us, stop.to_us) - max(span.from_us, stop.from_us) > 0:
            reason = "repair" if kind == "corrective" else "maintenance"
            return Proposal(reason, "", f"{kind} maintenance was under way", Strength.STRONG)
    if stop.to_us - stop.from_us < around.short_us and not stop.open:
        return Proposal("short_stop", "", "it was shorter than this line's limit", Strength.STRONG)
    if stop.state in _BROKEN:
        return Proposal("breakdown", "", "the machine went to Aborted", Strength.STRONG)
    if stop.state is MachineState.HELD and stop.to_us - stop.from_us <= 2 * around.short_us:
        return Proposal("short_stop", "", "the machine was held for a short time", Strength.WEAK)
    if stop.state is MachineState.HELD:
        return Proposal("operator_hold", "", "the machine was held", Strength.WEAK)
    if stop.state in _RESET:
        return Proposal("adjusting", "", "the machine was cleared, reset or started", Strength.WEAK)
    return None
