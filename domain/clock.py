"""Plant time and wall time, both in microseconds since 1970-01-01 UTC.

Plant time (telemetry, shifts, deadlines, staleness, remaining life) is an affine function of wall
time, so that every process that reads the same `clocks` row agrees on it. Wall time serves
sessions, leases, retries, latency and the audit. At speed 1 the two are equal.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from domain.errors import InvalidInput

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NEVER = -(2**62)  # of a steady clock: before everything, so that what was never done is due
FOR_EVER_US = 2**62  # later than everything; a moment added to it is within 64 bits


def wall_us() -> int:
    """Wall time now, microseconds UTC."""
    return time.time_ns() // 1_000


def steady_us() -> int:
    """Microseconds that only pass, from an arbitrary beginning: for waiting, which a clock that is set back
    must not stop."""
    return time.monotonic_ns() // 1_000


def passed_us(since_us: int, now_us: int) -> int:
    """How much wall time has passed; more than anybody waits for where the clock was set back meanwhile."""
    return now_us - since_us if now_us >= since_us else FOR_EVER_US


@dataclass(frozen=True, slots=True)
class Clock:
    """plant = origin_plant_us + speed * (wall - origin_wall_us)."""

    origin_plant_us: int
    origin_wall_us: int
    speed: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.speed <= 100_000:
            raise InvalidInput(f"speed {self.speed} is not between 0 and 100,000")

    def plant_us(self, at_wall_us: int | None = None) -> int:
        """Plant time now, or at a given wall time."""
        at = wall_us() if at_wall_us is None else at_wall_us
        return self.origin_plant_us + round(self.speed * (at - self.origin_wall_us))

    def wall_at(self, plant_us: int) -> int:
        """The wall time at which the plant clock shows `plant_us`."""
        return self.origin_wall_us + round((plant_us - self.origin_plant_us) / self.speed)


def utc(us: int) -> datetime:
    """An aware UTC datetime for microseconds since the epoch."""
    return datetime.fromtimestamp(us / SECOND, UTC)


def micros(moment: datetime) -> int:
    """Microseconds since the epoch; naive datetimes are refused."""
    if moment.tzinfo is None:
        raise InvalidInput("a time without a zone")
    whole = int(moment.astimezone(UTC).replace(microsecond=0).timestamp())
    return whole * SECOND + moment.microsecond


def offsets(times: Iterable[int], zone: tzinfo) -> Iterator[int]:
    """For each moment what is to be added to it so that it reads as local time. Looked up once a UTC day,
    and for every moment only where the clock moves on that day."""
    known: dict[int, int | None] = {}
    for at_us in times:
        day = at_us // DAY
        if day not in known:
            both = {_offset(edge, zone) for edge in (day * DAY, (day + 1) * DAY - 1)}
            known[day] = both.pop() if len(both) == 1 else None
        found = known[day]
        yield _offset(at_us, zone) if found is None else found


def _offset(at_us: int, zone: tzinfo) -> int:
    moved = utc(at_us).astimezone(zone).utcoffset()
    return 0 if moved is None else round(moved.total_seconds()) * SECOND
