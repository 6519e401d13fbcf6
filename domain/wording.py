"""Times, durations, money and shares as people read them: on screens, in reports and in mails."""

from datetime import datetime
from zoneinfo import ZoneInfo

from domain.clock import DAY, HOUR, MINUTE, SECOND, utc

NOTHING = "\u2013"
_SYMBOLS = {"EUR": "\u20ac", "USD": "$", "GBP": "\u00a3", "CHF": "CHF", "JPY": "\u00a5"}


def local(us: int, zone: str) -> datetime:
    """Microseconds UTC as a datetime in the site's zone."""
    return utc(us).astimezone(ZoneInfo(zone))


def repeated(us: int, zone: str) -> str:
    """The offset from UTC, `+02:00`, in an hour that comes twice as the clock is put back; else nothing."""
    here = local(us, zone)
    if here.replace(fold=1 - here.fold).utcoffset() == here.utcoffset():
        return ""
    return f"{here:%z}"[:3] + ":" + f"{here:%z}"[3:5]


def stamp(us: int | None, zone: str) -> str:
    """`2026-11-21 14:00:05`, in the site's zone; with the offset in an hour that comes twice."""
    return NOTHING if us is None else f"{local(us, zone):%Y-%m-%d %H:%M:%S} {repeated(us, zone)}".rstrip()


def instant(us: int | None, zone: str) -> str:
    """`2026-11-21 14:00:05+01:00`, in the site's zone with its offset from UTC, for files: ISO 8601 with a
    blank in place of the T (RFC 3339). Nothing where there is no time."""
    return "" if us is None else local(us, zone).isoformat(" ", "seconds")


def lapse(us: int) -> str:
    """A duration with its two largest units: `0.5 s`, `42 min`, `1 h 10 min`, `3 d 4 h`."""
    us = abs(us)
    if us < 10 * SECOND:
        return f"{us / SECOND:.1f} s"
    if us < MINUTE:
        return f"{us // SECOND} s"
    if us < HOUR:
        return f"{us // MINUTE} min"
    large, small, names = (HOUR, MINUTE, ("h", "min")) if us < DAY else (DAY, HOUR, ("d", "h"))
    rest = us % large // small
    return f"{us // large} {names[0]} {rest} {names[1]}" if rest else f"{us // large} {names[0]}"


def money(cents: int | None, currency: str, *, whole: bool = False) -> str:
    """Units with thousands marks: `\u20ac 2,500`; cents only below ten, and never with `whole` (columns)."""
    if cents is None:
        return NOTHING
    symbol = _SYMBOLS.get(currency, currency)
    sign, value = ("\u2212" if cents < 0 else ""), abs(cents) / 100
    exact = not whole and 0 < value < 10 and abs(cents) % 100
    return f"{sign}{symbol} {value:,.2f}" if exact else f"{sign}{symbol} {value:,.0f}"


def percent(share: float | None, digits: int = 1) -> str:
    """`81.4 %`; a dash where there is none."""
    return NOTHING if share is None else f"{share * 100:.{digits}f} %"
