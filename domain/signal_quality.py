"""Does a signal look right? What is measured of it over a stretch, and what that says.

Noise is the standard deviation by differences of neighbours, robust against steps: 1.4826 times the
median of |x[i+1] - x[i]|, over the square root of 2 (J. von Neumann, Annals of Mathematical Statistics
12, 1941, with the median absolute deviation in place of the mean square).
"""

from dataclasses import dataclass
from enum import StrEnum

from domain.clock import HOUR, MINUTE, SECOND
from domain.telemetry import METRICS, MetricKind

STRETCH_US = 4 * HOUR  # what is looked at
SILENT_US = 30 * MINUTE  # of running, without one value of the metric
FLAT_US = 2 * HOUR  # of running, without one change of the value
COUNTER_FLAT_US = HOUR
LEAST = 30  # readings; fewer say nothing about noise
NOISY = 4.0  # times its own usual noise
SKEW_US = 60 * SECOND
MEMORY = 0.02  # weight of a new look in the usual noise: about 8 hours of looks every 10 minutes
_MAY_STAND_STILL = ("ambient_temperature", "scrap_count")


class Odd(StrEnum):
    """What can be wrong with a signal."""

    SILENT = "silent"
    FLAT = "flat"
    OUT_OF_RANGE = "out_of_range"
    NOISY = "noisy"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Look:
    """A metric over (from_us, to_us]: `running_us` of it the machine ran.

    `silent_us` and `flat_us` are running time since the last value and since the last change.
    `late_us` is receipt minus the time that the source gave, of the timeliest twentieth; `noise` in the
    metric's unit, `usual_noise` what it was before.
    """

    metric: str
    from_us: int
    to_us: int
    running_us: int
    readings: int
    out_of_range: int
    silent_us: int
    flat_us: int
    late_us: int
    noise: float
    usual_noise: float


def usual_after(look: Look) -> float:
    """The usual noise with this look in it; a noisy look is left out, so that it is not got used to."""
    if look.readings < LEAST or not look.noise:
        return look.usual_noise
    if not look.usual_noise:
        return look.noise
    if look.noise > NOISY * look.usual_noise:
        return look.usual_noise
    return look.usual_noise + MEMORY * (look.noise - look.usual_noise)


def odds(look: Look) -> tuple[Odd, ...]:
    """What looks wrong, the most telling first. A metric that changes only at events is not called flat."""
    spec = METRICS.get(look.metric)
    kind = MetricKind.GAUGE if spec is None else spec.kind
    found = []
    if kind in (MetricKind.GAUGE, MetricKind.COUNTER) and look.metric not in _MAY_STAND_STILL:
        if look.silent_us >= SILENT_US:
            found.append(Odd.SILENT)
        elif look.flat_us >= (FLAT_US if kind is MetricKind.GAUGE else COUNTER_FLAT_US):
            found.append(Odd.FLAT)
    if look.out_of_range:
        found.append(Odd.OUT_OF_RANGE)
    if kind is MetricKind.GAUGE and look.readings >= LEAST and 0 < look.usual_noise < look.noise / NOISY:
        found.append(Odd.NOISY)
    if abs(look.late_us) >= SKEW_US:
        found.append(Odd.CLOCK)
    return tuple(found)
