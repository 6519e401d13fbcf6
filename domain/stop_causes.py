"""What probably stopped a machine, from its own state and from the machines around it: rules. Where a model
that learned from named stops is sure of a reason, its word stands before theirs (`with_guess`).

waiting (Suspended)   blocked or starved as in the figures (domain.waits): by whom the most of the stop is
                      charged to; unsure where a machine on the other side stood long enough, too
several at once       half of a line or more began to stand within a minute: a common cause
standing itself       work of maintenance: that; Aborted: a breakdown; short: a short stop; else unsure
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.clock import MINUTE
from domain.stops import Stop
from domain.telemetry import MachineState
from domain.time_model import Cause, Span

TOGETHER_US = MINUTE
_BROKEN = frozenset({MachineState.ABORTED, MachineState.ABORTING})
_STOOD = _BROKEN | {MachineState.STOPPED, MachineState.STOPPING, MachineState.HELD, MachineState.HOLDING}
LEAST_POINTS, NAMED = 0.005, 3
# What a model calls by one word, as people on the floor say it.
_SAID = {
    "state": "the machine's state",
    "mode": "the machine's mode",
    "states so far": "its states during the stop",
    "modes so far": "its modes during the stop",
    "lasted": "how long it has lasted",
    "alarms": "alarms just before",
    "scrap": "scrap just before",
    "pace": "the pace just before",
    "order": "the time since the order began",
    "shift": "the time since the shift began",
    "last stop": "the time since its last stop",
    "tool": "the hours of its tool",
}
_RESET = frozenset({MachineState.CLEARING, MachineState.RESETTING, MachineState.STARTING})


class Strength(StrEnum):
    """How sure a rule is."""

    STRONG = "strong"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A reason's code, the machine that it is charged to ("" for none), and one clause that says why.

    `chance`: where a model proposes it, how often it is right at such stops; None where a rule does.
    """

    reason: str
    charged_to: str
    because: str
    strength: Strength
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class Guess:
    """What a model is sure of: a reason's code, its chance, and what contributed to it."""

    reason: str
    chance: float
    because: str


@dataclass(frozen=True, slots=True)
class Wait(Span):
    """A stretch in which a machine waited, and the machine that it is charged to ("" for none)."""

    cause: Cause
    charged_to: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Around:
    """What stood around a stop: the units of the line in order, and the stops of each by their beginning.

    `work` is maintenance on the machine itself: its kind and when. `waits` are charged by domain.waits; those
    of a machine do not overlap, and lie in order of time.
    """

    units: Sequence[str]
    names: Mapping[str, str]
    stops: Mapping[str, Sequence[Stop]]
    work: Sequence[tuple[str, Span]]
    short_us: int
    waits: Mapping[str, Sequence[Wait]]


def propose(stop: Stop, around: Around) -> Proposal | None:
    """The most probable reason; None where no rule speaks."""
    return _common(stop, around) or (_waiting(stop, around) if stop.external else _own(stop, around))


def with_guess(rule: Proposal | None, guess: Guess | None) -> Proposal | None:
    """What is proposed where a model may have said something: its word where it is sure, else the rules'."""
    if guess is None:
        return rule
    if rule is not None and rule.reason == guess.reason:
        because = f"{rule.because}; {guess.because}"
        return Proposal(rule.reason, rule.charged_to, because, Strength.STRONG, guess.chance)
    return Proposal(guess.reason, "", guess.because, Strength.STRONG, guess.chance)


def contributed(parts: Sequence[tuple[str, float]]) -> str:
    """What spoke for a model's reason and against it, in a clause; `parts` are signals and points of 1, the
    largest first. It contributed: it caused nothing."""
    told = [(name, value) for name, value in parts if abs(value) >= LEAST_POINTS][:NAMED]
    spoke_for, against = (_named(told, sign) for sign in (1, -1))
    clauses = ([f"{spoke_for} contributed"] if spoke_for else []) + (
        [f"{against} spoke against it"] if against else []
    )
    return "; ".join(clauses) or "nothing stands out"


def _named(parts: Sequence[tuple[str, float]], sign: int) -> str:
    """Those of a sign, in words and points, with an "and" before the last."""
    said = [
        f"{_SAID.get(name, name)} ({abs(100 * value):.0f} points)"
        for name, value in parts
        if value * sign > 0
    ]
    return " and ".join([", ".join(said[:-1]), said[-1]] if said[1:] else said)


def _common(stop: Stop, around: Around) -> Proposal | None:
    if stop.external or stop.state not in _STOOD or len(around.units) < 4:
        return None
    together = sum(
        any(o.state in _STOOD and not o.external for o in _close(around.stops[unit], stop))
        for unit in around.units
    )
    if together * 2 < len(around.units):
        return None
    said = f"{together} of {len(around.units)} machines of the line stopped within a minute"
    return Proposal("utilities", "", said, Strength.STRONG)


def _close(stops: Sequence[Stop], other: Stop) -> Sequence[Stop]:
    """Those that began within a minute of the other."""
    low, high = other.from_us - TOGETHER_US, other.from_us + TOGETHER_US
    first = bisect_left(stops, low, key=lambda s: s.from_us)
    return stops[first : bisect_right(stops, high, key=lambda s: s.from_us)]


def _waiting(stop: Stop, around: Around) -> Proposal | None:
    us: dict[tuple[Cause, str], int] = {}
    unsure: set[tuple[Cause, str]] = set()
    waits = around.waits.get(stop.equipment_id, ())
    first = bisect_right(waits, stop.from_us, key=lambda w: w.to_us)
    for wait in waits[first : bisect_left(waits, stop.to_us, key=lambda w: w.from_us)]:
        overlap = min(wait.to_us, stop.to_us) - max(wait.from_us, stop.from_us)
        if overlap > 0:
            key = (wait.cause, wait.charged_to)
            us[key] = us.get(key, 0) + overlap
            unsure |= set() if wait.sure else {key}
    most = max(us, key=lambda key: us[key], default=(Cause.WAITING, ""))
    if not most[1]:
        return None
    name, side = around.names.get(most[1], most[1]), "behind" if most[0] is Cause.BLOCKED else "before"
    sure = Strength.WEAK if most in unsure else Strength.STRONG
    return Proposal(most[0].value, most[1], f"{name}, {side} it, stood", sure)


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
