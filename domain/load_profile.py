"""The typical day: what is drawn at each quarter hour of working days and of weekends.

By the site's own clock: on the day on which it goes back two quarter hours share a place, on the day on
which it goes forward four have none. Weekends are Saturday and Sunday.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from statistics import quantiles
from zoneinfo import ZoneInfo

from domain.clock import utc
from domain.energy import Quarter

FEWEST_DAYS = 2
PLACES = 96


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


def typical_days(quarters: Iterable[Quarter], zone: ZoneInfo) -> tuple[TypicalDay, ...]:
    """Working days and weekends, as far as there are FEWEST_DAYS of them; measured quarter hours only."""
    values: dict[tuple[str, int], list[float]] = defaultdict(list)
    days: dict[str, set[date]] = defaultdict(set)
    for quarter in quarters:
        if quarter.kw is None or quarter.estimated:
            continue
        local = utc(quarter.at_us).astimezone(zone)
        kind = "Working days" if local.isoweekday() < 6 else "Weekends"
        values[kind, local.hour * 60 + local.minute].append(quarter.kw)
        days[kind].add(local.date())
    found = []
    for kind in ("Working days", "Weekends"):
        places = tuple(
            _place(minute, known)
            for (name, minute), known in sorted(values.items())
            if name == kind and len(known) >= FEWEST_DAYS
        )
        if places:
            found.append(TypicalDay(kind, len(days[kind]), places))
    return tuple(found)


def _place(minute: int, known: list[float]) -> Place:
    tenths = quantiles(known, n=10, method="inclusive")
    return Place(minute, tenths[0], tenths[4], tenths[8])
