"""Alarm figures of annunciations in columns: a month of a plant is tens of thousands."""

import numpy as np

from domain.alarms.kpis import (
    CHATTER_TIMES,
    CHATTER_US,
    FLOOD_BEGINS,
    FLOOD_ENDS,
    TEN_US,
    AlarmKpis,
    Flood,
)
from domain.alarms.life import Priority
from services.alarms.rollup import Annunciations, Ints


def kpis(found: Annunciations, from_us: int, to_us: int, *, shown: int = 10) -> AlarmKpis:
    """The figures of [from, to); `found` with what came in LEAD_US before: a flood that runs already when the
    stretch begins counts from there on. `shown`: how many of the most frequent."""
    first, last = np.searchsorted(found.at, [from_us, to_us]).tolist()
    at, key = found.at[first:last], found.key[first:last]
    names, alarm = _alarms(found, key)
    counts = _counted(names, alarm, at)
    chatter = _chattering(at, alarm, names)
    listed = {name for name, _ in chatter} | {name for name, _ in counts[:shown]}
    begun = [flood for flood in floods(found.at[:last]) if flood.to_us > from_us]
    flooded = sum(min(f.to_us, to_us) - max(f.from_us, from_us) for f in begun)
    total = len(at)
    return AlarmKpis(
        total=total,
        rate=total * TEN_US / max(1, to_us - from_us),
        worst=_worst(at),
        floods=tuple(begun),
        flooded=flooded / max(1, to_us - from_us),
        split=_split(found, key),
        frequent=tuple(row for row in counts if row[0] in listed),
        chattering=chatter,
    )


def floods(at: Ints) -> list[Flood]:
    """Floods in annunciation times (in order). One begins at the annunciation that makes it 11 within the
    last 10 minutes, and ends when the last 10 minutes hold fewer than 5. Only beginnings and ends are looked
    at one by one."""
    many = FLOOD_BEGINS + np.flatnonzero(at[FLOOD_BEGINS:] - at[:-FLOOD_BEGINS] < TEN_US)
    calm = FLOOD_ENDS + np.flatnonzero(at[FLOOD_ENDS:] - at[:-FLOOD_ENDS] >= TEN_US)
    found: list[Flood] = []
    upto = 0
    while (place := int(np.searchsorted(many, upto))) < len(many):
        begun = int(many[place])
        after = int(np.searchsorted(calm, begun, side="right"))
        upto = int(calm[after]) if after < len(calm) else len(at)
        found.append(Flood(int(at[begun]), int(at[upto - FLOOD_ENDS]) + TEN_US, upto - begun))
    return found


def flood_now(at: Ints, now_us: int) -> bool:
    """Whether a flood runs at a moment; `at` with what came in LEAD_US before."""
    return any(f.from_us <= now_us < f.to_us for f in floods(at[at <= now_us]))


def _alarms(found: Annunciations, key: Ints) -> tuple[list[str], Ints]:
    """Names of alarms, and the place of each annunciation's in them: an alarm whose priority or machine was
    changed is one alarm."""
    names = list(dict.fromkeys(alarm for alarm, _, _ in found.keys))
    place = {name: number for number, name in enumerate(names)}
    of_key = np.array([place[alarm] for alarm, _, _ in found.keys], np.int64)
    return names, of_key[key] if len(key) else np.zeros(0, np.int64)


def _counted(names: list[str], alarm: Ints, at: Ints) -> list[tuple[str, int]]:
    """(alarm, how often), the most first; of as many the one that came first, of those at once by name."""
    places, first, counts = np.unique(alarm, return_index=True, return_counts=True)
    rows = zip((-counts).tolist(), at[first].tolist(), [names[place] for place in places], strict=True)
    return [(name, -less) for less, _, name in sorted(rows)]


def _chattering(at: Ints, alarm: Ints, names: list[str]) -> tuple[tuple[str, int], ...]:
    order = np.argsort(alarm, kind="stable")
    times, whose = at[order], alarm[order]
    reach = CHATTER_TIMES - 1
    near = (times[reach:] - times[:-reach] <= CHATTER_US) & (whose[reach:] == whose[:-reach])
    places, counts = np.unique(whose[reach:][near], return_counts=True)
    rows = [(names[place], count) for place, count in zip(places.tolist(), counts.tolist(), strict=True)]
    return tuple(sorted(rows, key=lambda row: (-row[1], row[0])))


def _worst(at: Ints) -> int:
    """The most annunciations in the ten minutes that begin with any of them."""
    if not len(at):
        return 0
    return int((np.searchsorted(at, at + TEN_US) - np.arange(len(at))).max())


def _split(found: Annunciations, key: Ints) -> dict[Priority, float]:
    counts = dict.fromkeys((one.value for one in Priority), 0)
    for number, (_, _, priority) in zip(np.bincount(key, minlength=len(found.keys)), found.keys, strict=True):
        counts[priority] += int(number)
    total = max(1, len(key))
    return {one: counts[one.value] / total for one in Priority}
