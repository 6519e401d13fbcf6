"""What an edge gateway makes of a sampled signal: is a change worth sending, what does a stretch come to,
is a limit crossed. Times are source times in milliseconds, as Sparkplug carries them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from domain.telemetry import Quality

Number = float | int | bool


class EdgeValue(NamedTuple):
    """One value of one metric of one device, in the unit in which it is kept."""

    device: str
    metric: str
    at_ms: int
    value: float
    quality: Quality = Quality.GOOD


@dataclass(frozen=True, slots=True)
class Deadband:
    """How far a value must move before it is sent: more than `absolute`, or more than `percent` of the
    range `low`..`high` (OPC UA Part 8, 7.2). Zero for both sends every change."""

    absolute: float = 0.0
    percent: float = 0.0
    low: float = 0.0
    high: float = 0.0

    @property
    def width(self) -> float:
        """In the metric's own unit."""
        return max(self.absolute, self.percent / 100 * abs(self.high - self.low))

    def passes(self, sent: EdgeValue | None, found: EdgeValue) -> bool:
        """True when `found` says something that the value sent last does not."""
        if sent is None or sent.quality != found.quality:
            return True
        return abs(found.value - sent.value) > self.width


class Sum(StrEnum):
    """What is kept of a stretch of values. The mean goes by the metric's own name, others as `name/max`."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    LAST = "last"


@dataclass(slots=True)
class Aggregate:
    """Sums up values over stretches of `length_ms`, which begin at whole multiples of it (UTC).

    A stretch is told when a value of a later one arrives, or by `due` when it is over; it bears the time of
    its end. Bad values are left out; a stretch without good ones says nothing. A value that belongs to a
    stretch already told is refused: `take` returns None for it.
    """

    length_ms: int
    keep: Sequence[Sum] = (Sum.MEAN,)
    _open: list[EdgeValue] = field(default_factory=list)
    _end_ms: int = 0

    def take(self, found: EdgeValue) -> list[EdgeValue] | None:
        """What is over now that `found` is here; None when it comes too late to count."""
        if found.at_ms <= self._end_ms - self.length_ms:
            return None
        told: list[EdgeValue] = []
        if found.at_ms > self._end_ms:
            told = self._tell()
            self._end_ms = -(-found.at_ms // self.length_ms) * self.length_ms
        if found.quality is Quality.GOOD:
            self._open.append(found)
        return told

    def due(self, now_ms: int) -> list[EdgeValue]:
        """What is over at `now_ms`."""
        if not self._open or now_ms < self._end_ms:
            return []
        told, self._end_ms = self._tell(), self._end_ms + self.length_ms
        return told

    def _tell(self) -> list[EdgeValue]:
        values = [one.value for one in self._open]
        if not values:
            return []
        first, self._open = self._open[0], []
        found = {
            Sum.MEAN: sum(values) / len(values),
            Sum.MIN: min(values),
            Sum.MAX: max(values),
            Sum.LAST: values[-1],
        }
        return [
            EdgeValue(first.device, summed_name(first.metric, kind), self._end_ms, found[kind])
            for kind in self.keep
        ]


def summed_name(metric: str, kind: Sum) -> str:
    """The name under which a sum is sent."""
    return metric if kind is Sum.MEAN else f"{metric}/{kind.value}"


class Side(StrEnum):
    """Which limit."""

    HIGH = "high"
    LOW = "low"


_ALERT = "/alert/"


def alert_metric(metric: str, side: Side) -> str:
    """The name under which a gateway tells that a value is beyond a limit: 1, else 0."""
    return f"{metric}{_ALERT}{side.value}"


def alert_on(name: str) -> tuple[str, Side] | None:
    """The inverse: the value that is watched and the side of the limit, None for any other metric."""
    metric, said, side = name.rpartition(_ALERT)
    return (metric, Side(side)) if said and metric and side in tuple(Side) else None


class Alert(NamedTuple):
    """A limit was crossed (`raised`), or the value is back within it."""

    device: str
    metric: str
    side: Side
    limit: float
    at_ms: int
    value: float
    raised: bool

    def __str__(self) -> str:
        where = f"{self.device} {self.metric}"
        if not self.raised:
            return f"{where} is back: {self.value:g} ({self.side.value} limit {self.limit:g})"
        way = "above" if self.side is Side.HIGH else "below"
        return f"{where} is {way} its {self.side.value} limit of {self.limit:g}: {self.value:g}"


@dataclass(slots=True)
class LimitWatch:
    """Limits of one metric. Raised after `after_ms` beyond the limit without a break, by source time, also
    when nothing more is said meanwhile (`stay`); cleared when the value is `clear_by` within it again. Bad
    values neither raise nor clear."""

    high: float | None = None
    low: float | None = None
    clear_by: float = 0.0
    after_ms: int = 0
    _since: dict[Side, int] = field(default_factory=dict)
    _raised: set[Side] = field(default_factory=set)

    def resume(self, side: Side) -> None:
        """It was raised when this process ended: it is not raised anew, and is cleared when that is due."""
        self._raised.add(side)

    def take(self, found: EdgeValue) -> list[Alert]:
        """What `found` raises or clears."""
        if found.quality is not Quality.GOOD:
            return []
        sides = ((Side.HIGH, self.high, 1.0), (Side.LOW, self.low, -1.0))
        told = [self._side(side, limit, sign, found) for side, limit, sign in sides if limit is not None]
        return [alert for alert in told if alert is not None]

    def stay(self, found: EdgeValue, until_ms: int) -> list[Alert]:
        """What the last value raises by standing until a moment: a server is silent while nothing changes."""
        due = [
            (side, since + self.after_ms)
            for side, since in self._since.items()
            if side not in self._raised and since + self.after_ms <= until_ms
        ]
        if found.quality is not Quality.GOOD or not due:
            return []
        self._raised.update(side for side, _ in due)
        limits = {Side.HIGH: self.high, Side.LOW: self.low}
        return [
            Alert(*found[:2], side, limit, max(at_ms, found.at_ms), found.value, raised=True)
            for side, at_ms in due
            if (limit := limits[side]) is not None
        ]

    def _side(self, side: Side, limit: float, sign: float, found: EdgeValue) -> Alert | None:
        beyond = sign * (found.value - limit)
        if side in self._raised:
            if beyond <= -self.clear_by:
                self._raised.discard(side)
                self._since.pop(side, None)
                return Alert(*found[:2], side, limit, found.at_ms, found.value, raised=False)
            return None
        if beyond <= 0:
            self._since.pop(side, None)
            return None
        if found.at_ms - self._since.setdefault(side, found.at_ms) < self.after_ms:
            return None
        self._raised.add(side)
        return Alert(*found[:2], side, limit, found.at_ms, found.value, raised=True)
