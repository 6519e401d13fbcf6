"""Energy in quarter hours: demand, peak, base load, and what it costs by the time of use.

A quarter hour is the usual measuring period of grid operators. Prices are whole millicents a kWh, so
that sums are exact; a cost is rounded to cents once, at the end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.clock import HOUR, MINUTE, utc
from domain.errors import InvalidInput

QUARTER_US = 15 * MINUTE
BASE_SHARE = 0.05
FEWEST_QUARTERS = 96
DAY_MINUTES = 24 * 60


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
        week = [datetime(2024, 1, d, h, m) for d in range(1, 8) for h in range(24) for m in (0, 15, 30, 45)]  # noqa: DTZ001
        if not all(any(band.covers(moment) for band in self.bands) for moment in week):
            raise InvalidInput("the prices leave some hours of the week without a price", "bands")

    def holds(self, at_us: int) -> bool:
        """True between its beginning and its end."""
        return self.valid_from_us <= at_us and (self.valid_to_us is None or at_us < self.valid_to_us)

    def band_at(self, at_us: int, zone: ZoneInfo) -> Band:
        """The band at a moment."""
        local = utc(at_us).astimezone(zone)
        return next(band for band in self.bands if band.covers(local))


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


def cost_of(quarters: Iterable[Quarter], tariffs: Sequence[Tariff], zone: ZoneInfo) -> Cost:
    """Cost by the tariff in force at each quarter hour: the newest that began before it and has not ended, of
    two that began at once the later one given."""
    known = list(quarters)
    return cost_with(known, bands_at([q.at_us for q in known], tariffs, zone))


def bands_at(times: Iterable[int], tariffs: Sequence[Tariff], zone: ZoneInfo) -> list[Band | None]:
    """The price of each moment, None where no tariff was in force: found once, used for many machines."""
    ordered = sorted(tariffs, key=lambda t: t.valid_from_us)
    found: list[Band | None] = []
    for at_us in times:
        tariff = next((t for t in reversed(ordered) if t.holds(at_us)), None)
        found.append(None if tariff is None else tariff.band_at(at_us, zone))
    return found


def cost_with(quarters: Sequence[Quarter], bands: Sequence[Band | None]) -> Cost:
    """Cost of quarter hours by the price of each."""
    sums: dict[str, float] = {}
    unpriced = 0
    for quarter, band in zip(quarters, bands, strict=True):
        if band is None:
            unpriced += quarter.kw is not None
        else:
            sums[band.name] = sums.get(band.name, 0.0) + quarter.kwh * band.millicents
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
    grams = 0.0
    for quarter in quarters:
        factor = next((f for f in reversed(ordered) if f.valid_from_us <= quarter.at_us), None)
        if factor is None and quarter.kwh:
            return None
        grams += quarter.kwh * factor.grams_per_kwh if factor else 0.0
    return grams / 1_000


def peak_of(quarters: Iterable[Quarter]) -> Quarter | None:
    """The highest quarter hour that was measured throughout; a spread one is no peak."""
    known = [q for q in quarters if q.kw is not None and not q.estimated]
    return max(known, key=lambda q: q.kw or 0.0, default=None)


def base_load(quarters: Iterable[Quarter]) -> float | None:
    """kW that are drawn nearly always: the level that only 5 % of the measured quarter hours stay below.

    None for less than a day of them: one night would be taken for the rule.
    """
    known = sorted(q.kw for q in quarters if q.kw is not None and not q.estimated)
    if len(known) < FEWEST_QUARTERS:
        return None
    return known[int(BASE_SHARE * (len(known) - 1))]
