"""The plain rules that watch while the AI is stopped: fixed limits on sensors and on running hours.

A limit is broken when the mean of the good values of the last `held_s` seconds lies above `high`, or
below `low` while the machine ran through all of it (a machine that stands has no pressure, and that is
no fault). RUNNING_HOURS counts hours in production since the last maintenance that was no inspection.
Where a site states no limits, BUILT_IN counts: ISO 20816-3 calls 7.1 mm/s and more (zone D, machines up
to 300 kW on soft ground) vibration severe enough to damage; 600 hours is a plain service interval.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.errors import InvalidInput
from domain.telemetry import METRICS

RUNNING_HOURS = "running_hours"
ANY_TYPE = ""
LONGEST_HELD_S = 8 * 3_600
PROPOSER = "limits"


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit on one metric of a type of machine ("": every type), and the cause that it speaks for."""

    machine_type: str
    metric: str
    low: float | None
    high: float | None
    held_s: int
    cause: str

    def __post_init__(self) -> None:
        if self.metric != RUNNING_HOURS and self.metric not in METRICS:
            raise InvalidInput(f"there is no sensor {self.metric!r}")
        if self.low is None and self.high is None:
            raise InvalidInput("a limit has a lower or an upper value")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise InvalidInput("the lower value lies under the upper one")
        if not 60 <= self.held_s <= LONGEST_HELD_S:
            raise InvalidInput("a limit is held for one minute to eight hours")


BUILT_IN = (
    Limit(ANY_TYPE, "vibration_rms", None, 7.1, 1_800, "bearing"),
    Limit(ANY_TYPE, RUNNING_HOURS, None, 600.0, 1_800, "unknown"),
)


@dataclass(frozen=True, slots=True)
class Broken:
    """A limit and the value that broke it."""

    limit: Limit
    value: float

    @property
    def share(self) -> float:
        """How far beyond, as a share of the limit: the worst is said first."""
        high, low = self.limit.high, self.limit.low
        if high is not None and self.value > high:
            return (self.value - high) / max(abs(high), 1e-9)
        return ((low or 0.0) - self.value) / max(abs(low or 0.0), 1e-9)


@dataclass(frozen=True, slots=True)
class Observed:
    """What is known of one machine: means by (metric, held_s), and whether it ran through a stretch."""

    machine_type: str
    means: Mapping[tuple[str, int], float]
    ran_through: Mapping[int, bool]


def limits_for(limits: Iterable[Limit], machine_type: str) -> tuple[Limit, ...]:
    """The limits of a machine: its type's own; one for every type counts where its type has none."""
    every = tuple(limits)
    own = {limit.metric: limit for limit in every if limit.machine_type == machine_type}
    general = {limit.metric: limit for limit in every if limit.machine_type == ANY_TYPE}
    return tuple({**general, **own}.values())


def broken(limits: Iterable[Limit], seen: Observed) -> tuple[Broken, ...]:
    """The broken limits of one machine, the worst first."""
    found = []
    for limit in limits_for(limits, seen.machine_type):
        value = seen.means.get((limit.metric, limit.held_s))
        if value is None:
            continue
        over = limit.high is not None and value > limit.high
        under = limit.low is not None and value < limit.low and seen.ran_through.get(limit.held_s, False)
        if over or under:
            found.append(Broken(limit, value))
    return tuple(sorted(found, key=lambda b: (-b.share, b.limit.metric)))
