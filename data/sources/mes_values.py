"""Values of foreign columns as ours: numbers, texts, times. Whatever does not fit raises ValueError."""

import math
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from data.sources.mapping import ColumnKind, ColumnMap, Mapping
from domain.clock import HOUR, SECOND

_INT64 = 2**63
_BITS = 8  # bytes of the widest column of bits
_YES, _NO = (
    frozenset({"1", "t", "true", "y", "yes", "on"}),
    frozenset({"", "0", "f", "false", "n", "no", "off"}),
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def value(raw: Any, its: ColumnMap, mapping: Mapping) -> Any:
    """One value; None stays None. Raises ValueError, TypeError or OverflowError."""
    if raw is None:
        return None
    raw = plain(raw)
    if its.values:
        raw = _translated(str(raw), its)
    if its.kind is ColumnKind.TIME:
        return time_us(raw, mapping)
    if its.kind in (ColumnKind.DAY, ColumnKind.DAY_END):
        return _midnight(raw, mapping, 1 if its.kind is ColumnKind.DAY_END else 0)
    return _READ[its.kind](raw)


def plain(raw: Any) -> Any:
    """Bytes as the text that they are; else as a number where they are a few (bits), else in hexadecimal."""
    if not isinstance(raw, bytes | bytearray | memoryview):
        return raw
    found = bytes(raw)
    with suppress(UnicodeDecodeError):
        if (text := found.decode()).isprintable():
            return text
    return int.from_bytes(found) if len(found) <= _BITS else found.hex()


def time_us(raw: Any, mapping: Mapping) -> int:
    """Microseconds UTC. A timestamp without a zone is in UTC, or local where the mapping says so; of the hour
    that comes twice in autumn it is the first."""
    if not mapping.timestamps:
        return _whole(int(raw) * mapping.unit_us)
    found = raw if isinstance(raw, datetime) else datetime.fromisoformat(str(plain(raw)))
    since = (found.replace(tzinfo=mapping.bare_zone) if found.tzinfo is None else found).astimezone(
        UTC
    ) - _EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def foreign_time(us: int, mapping: Mapping) -> Any:
    """The inverse of `time_us`, for a comparison in the foreign database; never before the year 1."""
    if not mapping.timestamps:
        return us // mapping.unit_us
    return _there(us, mapping).replace(tzinfo=None)


def repeated_us(us: int, mapping: Mapping) -> int:
    """How much of the time after a moment has the local times of the time before it: the hour when the clocks
    go back within the next one, else nothing."""
    if not mapping.timestamps:
        return 0
    now, soon = _there(us, mapping).utcoffset(), _there(us + HOUR, mapping).utcoffset()
    return max(0, round(((now or timedelta()) - (soon or timedelta())).total_seconds())) * SECOND


def _there(us: int, mapping: Mapping) -> datetime:
    return (_EPOCH + timedelta(microseconds=max(us, 0))).astimezone(mapping.bare_zone)


def _midnight(raw: Any, mapping: Mapping, days_on: int) -> int:
    """Microseconds UTC at which a calendar day (or the one `days_on` later) begins in the mapping's zone."""
    if isinstance(raw, datetime):
        raise ValueError(f"{raw} is a time, not a day")
    day = raw if isinstance(raw, date) else date.fromisoformat(str(raw))
    start = datetime.combine(day + timedelta(days=days_on), time(), mapping.day_zone)
    return round((start - _EPOCH).total_seconds()) * SECOND


def _translated(word: str, its: ColumnMap) -> str:
    if word not in its.values:
        raise ValueError(f"{' or '.join(its.column)} says {word[:100]}, which the mapping does not know")
    return its.values[word]


def _finite(raw: Any) -> float:
    number = float(raw)
    if not math.isfinite(number):
        raise ValueError(f"{raw!r} is no number")
    return number


def _whole(raw: Any) -> int:
    number = int(raw)
    if not -_INT64 <= number < _INT64:
        raise ValueError("a whole number beyond 64 bits")
    return number


def _flag(raw: Any) -> bool:
    if not isinstance(raw, str):
        return bool(raw)
    word = raw.strip().lower()
    if word not in _YES | _NO:
        raise ValueError(f"{raw[:100]!r} is neither yes nor no")
    return word in _YES


def _text(raw: Any) -> str:
    text = str(raw)
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("a text that no database can hold")
    return text


_READ: dict[ColumnKind, Callable[[Any], Any]] = {
    ColumnKind.TEXT: _text,
    ColumnKind.NUMBER: _finite,
    ColumnKind.WHOLE: _whole,
    ColumnKind.FLAG: _flag,
}
