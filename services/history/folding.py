"""Readings into minutes, and finer rows into coarser ones, as arrays over many metrics at once.

A good value stands from its own time until the next reading of its metric, good or not, but not longer
than its metric's hold, nor through a stretch of which nothing is known. Means are weighted by that time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.store.rolled import Stretch
from data.store.statements import Row
from domain.clock import FOR_EVER_US, MINUTE

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Silences = Sequence[tuple[int, int]]
_NONE: Ints = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of whole minutes to fold, with its readings (time, value, good) in order; one from before
    the stretch may stand into it. `silences` are stretches of which nothing is known."""

    stretch: Stretch
    hold_us: int
    readings: Sequence[Row]
    silences: Silences = ()


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Parts of values by bucket: `group` never falls."""

    group: Ints
    weight: Ints
    mean: Floats
    low: Floats
    high: Floats
    last: Floats


def minutes(windows: Sequence[Window]) -> list[Row]:
    """Rows of `rolled_minutes` (metric first) for all windows; they do not overlap."""
    counts = [len(w.readings) for w in windows]
    if not sum(counts):
        return []
    table = [row for w in windows for row in w.readings]
    at = np.fromiter((row[0] for row in table), np.int64, len(table))
    value = np.fromiter((row[1] for row in table), np.float64, len(table))
    good = np.fromiter((row[2] for row in table), np.bool_, len(table))
    owner = np.repeat(np.arange(len(windows)), counts)
    low = np.array([w.stretch.from_us for w in windows], np.int64)
    high = np.array([w.stretch.to_us for w in windows], np.int64)
    first = np.concatenate(([0], np.cumsum((high - low) // MINUTE)))
    until = _until(windows, owner, at, high)
    inside = (at >= low[owner]) & (at < high[owner])
    group = first[owner] + (at - low[owner]) // MINUTE
    stood = np.flatnonzero(good & (until > np.maximum(at, low[owner])))
    begin, end = np.maximum(at, low[owner])[stood], until[stood]
    pieces = _by_minute(begin, end, value[stood], owner[stood], low, first)
    counted = np.bincount(group[inside & good], minlength=first[-1])
    bad = np.bincount(group[inside & ~good], minlength=first[-1])
    return _rows(pieces, counted, bad, first, [w.stretch for w in windows], MINUTE)


def _until(windows: Sequence[Window], owner: Ints, at: Ints, high: Ints) -> Ints:
    """How long each reading stands."""
    following = np.append(at[1:], FOR_EVER_US)
    following[np.append(owner[1:] != owner[:-1], True)] = FOR_EVER_US
    hold = np.array([min(w.hold_us, FOR_EVER_US // 2) for w in windows], np.int64)
    until: Ints = np.minimum(np.minimum(following, at + hold[owner]), high[owner])
    for place, window in enumerate(windows):
        if not window.silences:
            continue
        mine = owner == place
        for begin, end in window.silences:
            touched = mine & (at < end) & (until > begin)
            until[touched] = np.minimum(until[touched], np.maximum(begin, at[touched]))
    return until


def _by_minute(begin: Ints, end: Ints, value: Floats, owner: Ints, low: Ints, first: Ints) -> _Pieces:
    """Cut what stood at the edges of minutes."""
    times = (end - 1) // MINUTE - begin // MINUTE + 1
    place = np.repeat(np.arange(len(begin)), times)
    step = np.arange(len(place)) - np.repeat(np.cumsum(times) - times, times)
    edge = (begin[place] // MINUTE + step) * MINUTE
    weight = np.minimum(end[place], edge + MINUTE) - np.maximum(begin[place], edge)
    group = first[owner[place]] + (edge - low[owner[place]]) // MINUTE
    stood = value[place]
    return _Pieces(group, weight, stood, stood, stood, stood)


def coarser(stretches: Sequence[Stretch], rows: Sequence[Sequence[Row]], size_us: int) -> list[Row]:
    """Rows of buckets of `size_us` from finer ones (`rows` by stretch, in order); stretches begin and end
    with a bucket."""
    owner = np.repeat(np.arange(len(stretches)), [len(part) for part in rows])
    low = np.array([s.from_us for s in stretches], np.int64)
    high = np.array([s.to_us for s in stretches], np.int64)
    first = np.concatenate(([0], np.cumsum((high - low) // size_us)))
    table = [row for part in rows for row in part]
    if not table:
        return []
    at = np.fromiter((row[0] for row in table), np.int64, len(table))
    group = first[owner] + (at - low[owner]) // size_us
    pieces, readings, bad = _finer(table, group)
    counted = np.bincount(group, readings, minlength=first[-1])
    odd = np.bincount(group, bad, minlength=first[-1])
    return _rows(pieces, counted, odd, first, stretches, size_us)


def whole(stretch: Stretch, rows: Sequence[Row]) -> list[Row]:
    """One row for the whole stretch, whatever its length; none without finer rows."""
    if not rows:
        return []
    pieces, readings, bad = _finer(rows, np.zeros(len(rows), np.int64))
    size = stretch.to_us - stretch.from_us
    counted, odd = np.array([readings.sum()]), np.array([bad.sum()])
    return _rows(pieces, counted, odd, np.array([0, 1]), [stretch], size)


def _finer(rows: Sequence[Row], group: Ints) -> tuple[_Pieces, Ints, Ints]:
    table: Any = np.array([tuple(row) for row in rows], np.float64)[:, 1:]  # None becomes NaN
    stood = np.flatnonzero(table[:, 2] > 0)
    weight = table[stood, 2].astype(np.int64)
    mean, low, high, last = (table[stood, k] for k in range(3, 7))
    pieces = _Pieces(group[stood], weight, mean, low, high, last)
    return pieces, table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)


def _rows(
    pieces: _Pieces, counted: Any, bad: Any, first: Ints, stretches: Sequence[Stretch], size_us: int
) -> list[Row]:
    """Add the pieces of each bucket up; buckets in which nothing came and nothing stood have no row."""
    starts = np.flatnonzero(np.append(True, np.diff(pieces.group) != 0)) if len(pieces.group) else _NONE
    stood = pieces.group[starts]
    some = np.union1d(np.flatnonzero((counted > 0) | (bad > 0)), stood)
    place = np.searchsorted(first, some, side="right") - 1
    metric = np.array([s.metric_id for s in stretches], np.int64)[place]
    begin = np.array([s.from_us for s in stretches], np.int64)[place]
    figures = _added_up(pieces, starts)
    if len(some) > len(stood):
        figures = [_spread(column, np.searchsorted(some, stood), len(some)) for column in figures]
        figures[0] = [us or 0 for us in figures[0]]
    at = begin + (some - first[place]) * size_us
    columns = (column.astype(np.int64).tolist() for column in (metric, at, counted[some], bad[some]))
    return list(zip(*columns, *figures, strict=True))


def _added_up(pieces: _Pieces, starts: Ints) -> list[list[Any]]:
    """Covered time, mean, lowest, highest and last of each bucket in which something stood."""
    if not len(starts):
        return [[] for _ in range(5)]
    ends = np.append(starts[1:], len(pieces.group))
    covered = np.add.reduceat(pieces.weight, starts)
    low, high = np.minimum.reduceat(pieces.low, starts), np.maximum.reduceat(pieces.high, starts)
    # Divided first: a product with microseconds may overflow where values are huge.
    share = pieces.weight / np.repeat(covered, ends - starts)
    mean = np.clip(np.add.reduceat(pieces.mean * share, starts), low, high)
    return [column.tolist() for column in (covered, mean, low, high, pieces.last[ends - 1])]


def _spread(values: list[Any], places: Ints, count: int) -> list[Any]:
    """The values at their places, None elsewhere."""
    found: list[Any] = [None] * count
    for place, value in zip(places.tolist(), values, strict=True):
        found[place] = value
    return found
