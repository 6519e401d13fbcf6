"""Energy in quarter hours: demand, peak, base load, and what it costs by the time of use.

A quarter hour is the usual measuring period of grid operators. Prices are whole millicents a kWh, so
that sums are exact; a cost is rounded to cents once, at the end.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.clock import FOR_EVER_US, HOUR, MINUTE, offsets
from domain.errors import InvalidInput

QUARTER_US = 15 * MINUTE
BASE_SHARE = 0.05
FEWEST_QUARTERS = 96
DAY_MINUTES = 24 * 60
THURSDAY = 3 * 96  # the epoch began on one; a week here begins on Monday
_WEEK = [datetime(2024, 1, d, h, m) for d in range(1, 8) for h in range(24) for m in (0, 15, 30, 45)]  # noqa: DTZ001


@dataclass(frozen=True, slots=True)
class Band:
    """A price for some minutes of some weekdays (ISO, 1 is Monday), in the site's time. It may pass
    midnight."""

    name: str
    weekdays: str
    from_minute: int
    to_minute: int
    millicents: int

    def __post_init__(self) -> None:
        if not self.weekdays or any(day not in "1234567" for day in self.weekdays):
            raise InvalidInput("a price names its weekdays, 1 for Monday to 7 for Sunday", "bands")
        if not (0 <= self.from_minute < DAY_MINUTES and 0 < self.to_minute <= DAY_MINUTES):
            raise InvalidInput("a price begins and ends within a day", "bands")
        if self.millicents < 0:
            raise InvalidInput("a price below zero is not possible here", "bands")

    def covers(self, local: datetime) -> bool:
        """True at a local time. A band over midnight belongs to the day on which it began."""
        minute, day = local.hour * 60 + local.minute, local.isoweekday()
        if self.from_minute < self.to_minute:
            return str(day) in self.weekdays and self.from_minute <= minute < self.to_minute
        if minute >= self.from_minute:
            return str(day) in self.weekdays
        return minute < self.to_minute and str((day - 2) % 7 + 1) in self.weekdays


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices from a moment on, to another one where it is given: the first fitting band counts, and one fits
    always. After its end the one before it holds again, so a winter's prices may lie over a year's."""

    valid_from_us: int
    name: str
    bands: tuple[Band, ...]
    peak_cents_per_kw: int
    valid_to_us: int | None = None

    def __post_init__(self) -> None:
        if self.valid_to_us is not None and self.valid_to_us <= self.valid_from_us:
            raise InvalidInput("a tariff ends after it begins", "valid_to")
        if not self.bands or self.peak_cents_per_kw < 0:
            raise InvalidInput("a tariff has at least one price, and none below zero", "bands")
        if None in self.week():
            raise InvalidInput("the prices leave some hours of the week without a price", "bands")

    def holds(self, at_us: int) -> bool:
        """True between its beginning and its end."""
        return self.valid_from_us <= at_us and (self.valid_to_us is None or at_us < self.valid_to_us)

    def week(self) -> tuple[Band | None, ...]:
        """The band of each quarter hour (672) of a week from Monday on, in local time."""
        return _week(self.bands)


@lru_cache(maxsize=64)
def _week(bands: tuple[Band, ...]) -> tuple[Band | None, ...]:
    return tuple(next((band for band in bands if band.covers(moment)), None) for moment in _WEEK)


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter hour: its demand (None: nothing known), and whether a part of it is spread over a gap."""

    at_us: int
    kw: float | None
    estimated: bool = False

    @property
    def kwh(self) -> float:
        """Energy; 0 where nothing is known."""
        return 0.0 if self.kw is None else self.kw * QUARTER_US / HOUR


@dataclass(frozen=True, slots=True)
class Cost:
    """Whole cents by band, and the quarter hours for which no tariff was in force."""

    cents: int
    by_band: Mapping[str, int]
    unpriced: int


def bands_at(times: Iterable[int], tariffs: Sequence[Tariff], zone: ZoneInfo) -> list[Band | None]:
    """The price of each quarter hour, None where no tariff was in force: found once for many machines."""
    ordered = sorted(tariffs, key=lambda t: t.valid_from_us)[::-1]
    weeks = [(t.valid_from_us, t.valid_to_us or FOR_EVER_US, t.week()) for t in ordered]
    moments = list(times)
    found: list[Band | None] = []
    for at_us, offset in zip(moments, offsets(moments, zone), strict=True):
        place = ((at_us + offset) // QUARTER_US + THURSDAY) % len(_WEEK)
        for from_us, to_us, week in weeks:
            if from_us <= at_us < to_us:
                found.append(week[place])
                break
        else:
            found.append(None)
    return found


def cost_of_bands(kwh: Iterable[tuple[Band, float]], unpriced: int) -> Cost:
    """Cost of the energy that was drawn under each price."""
    sums: dict[str, float] = {}
    for band, used in kwh:
        sums[band.name] = sums.get(band.name, 0.0) + used * band.millicents
    by_band = {name: round(value / 1_000) for name, value in sums.items()}
    return Cost(round(sum(sums.values()) / 1_000), by_band, unpriced)


@dataclass(frozen=True, slots=True)
class Factor:
    """What a kWh emits, from a moment on."""

    valid_from_us: int
    grams_per_kwh: float


def emissions_kg(quarters: Iterable[Quarter], factors: Sequence[Factor]) -> float | None:
    """CO2 by the factor in force at each quarter hour; None where no factor was in force for all of it."""
    ordered = sorted(factors, key=lambda f: f.valid_from_us)
    begins = [factor.valid_from_us for factor in ordered]
    grams = 0.0
    for quarter in quarters:
        if quarter.kw:
            held = bisect_right(begins, quarter.at_us)
            if held == 0:
                return None
            grams += quarter.kwh * ordered[held - 1].grams_per_kwh
    return grams / 1_000


def base_load(measured: Sequence[float]) -> float | None:
    """kW that are drawn nearly always: the level that only 5 % of the quarter hours stay below, of those that
    were measured throughout.

    None for less than a day of them: one night would be taken for the rule.
    """
    if len(measured) < FEWEST_QUARTERS:
        return None
    return sorted(measured)[int(BASE_SHARE * (len(measured) - 1))]
