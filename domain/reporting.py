"""Reports: which periods there are, when one is due, and what may make its figures provisional.

A period is half-open, in microseconds UTC. Days and weeks are named by the site's calendar (a day of a
change of clocks has 23 or 25 hours); weeks are those of ISO 8601. Shifts are those of the plan, and
count whole to the day on which they begin: `services.kpi.shift_days` moves the edges of days so.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.clock import DAY, HOUR, MINUTE, micros, utc
from domain.errors import InvalidInput

LONGEST_DELAY_US = 12 * HOUR
LOOK_BACK_US = 35 * DAY  # what was missed longer ago is not made up for
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}(/[a-z0-9][a-z0-9_-]{0,62}){0,3}")
_MAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
MOST_RECIPIENTS = 20


class Kind(StrEnum):
    """How long a report looks back."""

    SHIFT = "shift"
    DAY = "day"
    WEEK = "week"


class Format(StrEnum):
    """The files that a report comes as."""

    PDF = "pdf"
    XLSX = "xlsx"


class Delivery(StrEnum):
    """Where a scheduled report goes."""

    FOLDER = "folder"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Period:
    """One stretch that is reported on. `key` names it in files and mails: `2026-11-20-early`."""

    kind: Kind
    from_us: int
    to_us: int
    key: str
    name: str

    def __post_init__(self) -> None:
        if self.to_us <= self.from_us:
            raise InvalidInput("a period ends after it begins")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a person asks to be made again and again, and where it goes.

    `target`: folders below the report folder (`shifts/line-1`), or mail addresses.
    """

    scope: str
    kind: Kind
    formats: tuple[Format, ...]
    delivery: Delivery
    target: tuple[str, ...]
    delay_us: int = 15 * MINUTE

    def __post_init__(self) -> None:
        if not self.formats:
            raise InvalidInput("choose PDF, XLSX or both")
        if not 0 <= self.delay_us <= LONGEST_DELAY_US:
            raise InvalidInput("a report is made 0 to 12 hours after its period has ended")
        if not self.target:
            raise InvalidInput("say where the report goes")
        if self.delivery is Delivery.FOLDER:
            if len(self.target) != 1 or not _SLUG.fullmatch(self.target[0]):
                raise InvalidInput("a folder is small letters, digits, - and _, such as shifts/line-1")
        else:
            _check_mail(self.target)


def _check_mail(addresses: Sequence[str]) -> None:
    if len(addresses) > MOST_RECIPIENTS:
        raise InvalidInput(f"a report goes to at most {MOST_RECIPIENTS} addresses")
    for address in addresses:
        if not _MAIL.fullmatch(address):
            raise InvalidInput(f"{address!r} is no mail address")


def midnight(day: date, zone: str) -> int:
    """When a day of the site begins."""
    return micros(datetime.combine(day, time(), ZoneInfo(zone)))


def local_date(us: int, zone: str) -> date:
    """The day of the site that a moment falls in."""
    return utc(us).astimezone(ZoneInfo(zone)).date()


def day_period(day: date, zone: str) -> Period:
    """A whole day of the site."""
    begin, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    return Period(Kind.DAY, begin, end, f"{day:%Y-%m-%d}", f"{day:%A}, {day.day} {day:%B %Y}")


def week_period(day: date, zone: str) -> Period:
    """The ISO week of the site that a day lies in."""
    first = day - timedelta(days=day.weekday())
    after = first + timedelta(days=7)
    year, week, _ = first.isocalendar()
    last = after - timedelta(days=1)
    name = f"Week {week} of {year}, {first.day} {first:%b} to {last.day} {last:%b %Y}"
    return Period(Kind.WEEK, midnight(first, zone), midnight(after, zone), f"{year}-W{week:02}", name)


def edges_of(period: Period, zone: str) -> tuple[int, int]:
    """The midnights that open a day or week and the one after it, by its key, wherever its edges were moved;
    its own edges where the key names no day."""
    try:
        if "W" in period.key:
            year, week = period.key.split("-W")
            made = week_period(date.fromisocalendar(int(year), int(week), 1), zone)
        else:
            made = day_period(date.fromisoformat(period.key), zone)
    except ValueError:
        return period.from_us, period.to_us
    return made.from_us, made.to_us


def shift_period(name: str, from_us: int, to_us: int, zone: str) -> Period:
    """A shift of the plan; a night shift belongs to the day on which it begins."""
    begin = utc(from_us).astimezone(ZoneInfo(zone))
    end = utc(to_us).astimezone(ZoneInfo(zone))
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "shift"
    words = f"{name} shift, {begin:%A}, {begin.day} {begin:%B %Y}, {begin:%H:%M} to {end:%H:%M}"
    return Period(Kind.SHIFT, from_us, to_us, f"{begin:%Y-%m-%d}-{begin:%H%M}-{slug}", words)


def calendar_periods(kind: Kind, zone: str, from_us: int, to_us: int) -> Iterator[Period]:
    """The days or weeks that end within (from_us, to_us], oldest first."""
    make, step = (day_period, 1) if kind is Kind.DAY else (week_period, 7)
    day = local_date(from_us, zone)
    while (period := make(day, zone)).to_us <= to_us:
        if period.to_us > from_us:
            yield period
        day += timedelta(days=step)
