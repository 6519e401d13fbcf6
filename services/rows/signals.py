"""What the screen *Signals* shows."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class SignalName:
    """A metric that can be drawn. `counter`: it only grows, and starts anew at a reset."""

    name: str
    unit: str
    counter: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """Signals of a machine in [from_us, to_us). `by_shift`: one point a shift. `points`: how many a line
    can show."""

    equipment_id: str
    names: tuple[str, ...]
    from_us: int
    to_us: int
    by_shift: bool = False
    points: int = 720


class SignalPoint(NamedTuple):
    """What stood in a stretch that begins at `at_us`: None where only bad values came. `covered_us` is the
    time for which a good value stood. `shift` is named where a point is one."""

    at_us: int
    readings: int
    bad: int
    covered_us: int
    mean: float | None
    low: float | None
    high: float | None
    shift: str = ""


@dataclass(frozen=True, slots=True)
class SignalSeries:
    """One signal over the stretch, in order of time; a point that is missing is a gap."""

    name: str
    unit: str
    counter: bool
    points: tuple[SignalPoint, ...]


@dataclass(frozen=True, slots=True)
class Stopped:
    """A stretch in which the machine was down; `words` says why."""

    from_us: int
    to_us: int
    words: str


@dataclass(frozen=True, slots=True)
class SignalView:
    """The signals asked for. `level` is what was read (reading; second, the readings
    added up; minute, hour, shift); `step_us` is the length
    of a point, 0 for readings and shifts."""

    ask: Ask
    level: str
    step_us: int
    series: tuple[SignalSeries, ...]
    stops: tuple[Stopped, ...]
