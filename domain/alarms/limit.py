"""A limit on a value, with a deadband and delays, judged by source time.

Delays run on plant time, for as long as the value is known to stand; they do not need another value.
The condition begins when the value has been beyond the limit for `on_delay_us`, and ends when it has
been back by the deadband for `off_delay_us`: the two cures for chattering (ISA-18.2, section 11).
"""

import math
from dataclasses import dataclass, replace

from domain.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Limit:
    """`high`: beyond means above, else below."""

    high: bool
    value: float
    deadband: float = 0.0
    on_delay_us: int = 0
    off_delay_us: int = 0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and math.isfinite(self.deadband)):
            raise InvalidInput("a limit is a number", "limit")
        if self.deadband < 0 or min(self.on_delay_us, self.off_delay_us) < 0:
            raise InvalidInput("a deadband and a delay are not negative", "delays")

    def beyond(self, value: float) -> bool:
        """Over (under) the limit."""
        return value > self.value if self.high else value < self.value

    def back(self, value: float) -> bool:
        """Back by the deadband."""
        return value <= self.value - self.deadband if self.high else value >= self.value + self.deadband


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered between two values: the condition, and since when it is on its way to change."""

    active: bool = False
    since_us: int | None = None


def step(limit: Limit, watch: Watch, at_us: int, value: float) -> tuple[Watch, int | None]:
    """The next value. Returns the watch and, when the condition changed, the moment it did.

    The moment is when the delay ran out, or this value's time when it did so between two values.
    """
    turning = limit.back(value) if watch.active else limit.beyond(value)
    if not turning:
        return replace(watch, since_us=None), None
    since = at_us if watch.since_us is None else watch.since_us
    delay = limit.off_delay_us if watch.active else limit.on_delay_us
    if at_us - since < delay:
        return replace(watch, since_us=since), None
    return Watch(not watch.active), at_us


def due(limit: Limit, watch: Watch) -> int | None:
    """When the delay that runs is over, if the value stays as it is; None while none runs."""
    if watch.since_us is None:
        return None
    return watch.since_us + (limit.off_delay_us if watch.active else limit.on_delay_us)


def stay(limit: Limit, watch: Watch, until_us: int) -> tuple[Watch, int | None]:
    """The value is known to have stayed as it was until a moment: a source that sends by exception says
    nothing while nothing changes. Returns the watch and, when a delay ran out by then, that moment."""
    at_us = due(limit, watch)
    if at_us is None or at_us > until_us:
        return watch, None
    return Watch(not watch.active), at_us


def pause(watch: Watch, lost_us: int) -> Watch:
    """Time of which nothing is known does not count for a delay."""
    return watch if watch.since_us is None else replace(watch, since_us=watch.since_us + lost_us)
