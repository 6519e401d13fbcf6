"""The typical day: what is drawn at each quarter hour of working days, and of the days off.

By the site's own clock: on the day on which it goes back two quarter hours share a place, on the day on
which it goes forward four have none. Days off are Saturdays, Sundays and the site's public holidays.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from statistics import quantiles
from zoneinfo import ZoneInfo

from domain.clock import DAY, MINUTE, offsets
from domain.energy import Quarter

FEWEST_DAYS = 2
EPOCH = date(1970, 1, 1).toordinal()
KINDS = ("Working days", "Days off")


@dataclass(frozen=True, slots=True)
class Place:
    """A quarter hour of the day: the median demand in kW and the band that holds 8 of 10 days."""

    minute: int
    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class TypicalDay:
    """One kind of day. `days` is how many of them were measured; `places` leaves out quarter hours that
    were measured on fewer than FEWEST_DAYS."""

    name: str
    days: int
    places: tuple[Place, ...]

    @property
    def kwh(self) -> float:
        """Energy of a day on which every quarter hour draws its median."""
        return sum(place.median for place in self.places) / 4

    @property
    def highest(self) -> Place:
        """The quarter hour with the highest median."""
        return max(self.places, key=lambda place: place.median)


def typical_days(
    quarters: Iterable[Quarter], zone: ZoneInfo, holidays: Collection[date] = ()
) -> tuple[TypicalDay, ...]:
    """Working days and days off, as far as there are FEWEST_DAYS of them; measured quarter hours only."""
    measured = [q for q in quarters if q.kw is not None and not q.estimated]
    values: dict[str, dict[int, list[float]]] = {kind: defaultdict(list) for kind in KINDS}
    days: dict[str, set[int]] = {kind: set() for kind in KINDS}
    off = {day.toordinal() for day in holidays}
    for quarter, offset in zip(measured, offsets((q.at_us for q in measured), zone), strict=True):
        day, within = divmod(quarter.at_us + offset, DAY)
        ordinal = day + EPOCH
        kind = KINDS[(ordinal - 1) % 7 > 4 or ordinal in off]  # day 1 was a Monday
        values[kind][within // MINUTE].append(quarter.kw or 0.0)
        days[kind].add(ordinal)
    found = []
    for kind in KINDS:
        known = sorted(values[kind].items())
        places = tuple(_place(minute, held) for minute, held in known if len(held) >= FEWEST_DAYS)
        if places:
            found.append(TypicalDay(kind, len(days[kind]), places))
    return tuple(found)


def _place(minute: int, known: list[float]) -> Place:
    tenths = quantiles(known, n=10, method="inclusive")
    return Place(minute, tenths[0], tenths[4], tenths[8])
