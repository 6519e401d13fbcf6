"""The rules of alarm figures, one annunciation after another: what the product's columns must equal."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domain.alarms.kpis import CHATTER_TIMES, CHATTER_US, FLOOD_BEGINS, FLOOD_ENDS, TEN_US, AlarmKpis, Flood
from domain.alarms.life import Priority
from services.alarms.rollup import Annunciations


@dataclass(frozen=True, slots=True)
class Asked:
    """One annunciation."""

    at_us: int
    alarm_id: str
    priority: Priority


def columns(asked: Sequence[Asked]) -> Annunciations:
    """The same annunciations as the product reads them."""
    keys = list(dict.fromkeys((a.alarm_id, "", a.priority.value) for a in asked))
    place = {key: number for number, key in enumerate(keys)}
    return Annunciations(
        np.array([a.at_us for a in asked], np.int64),
        np.array([place[a.alarm_id, "", a.priority.value] for a in asked], np.int64),
        keys,
    )


def kpis(asked: Sequence[Asked], from_us: int, to_us: int, *, shown: int = 10) -> AlarmKpis:
    """The figures of [from, to); `asked` in order of time, with what came in LEAD_US before: a flood that
    runs already when the stretch begins counts from there on."""
    inside = [a for a in asked if from_us <= a.at_us < to_us]
    times = [a.at_us for a in inside]
    found = [f for f in floods([a.at_us for a in asked if a.at_us < to_us]) if f.to_us > from_us]
    flooded = sum(min(f.to_us, to_us) - max(f.from_us, from_us) for f in found)
    split = Counter(a.priority for a in inside)
    first = {a.alarm_id: a.at_us for a in reversed(inside)}
    order = lambda row: (-row[1], first[row[0]], row[0])  # noqa: E731
    counts = sorted(Counter(a.alarm_id for a in inside).items(), key=order)
    chatter = chattering(inside)
    listed = {key for key, _ in chatter} | {key for key, _ in counts[:shown]}
    total = len(inside)
    return AlarmKpis(
        total=total,
        rate=total * TEN_US / max(1, to_us - from_us),
        worst=_worst(times),
        floods=tuple(found),
        flooded=flooded / max(1, to_us - from_us),
        split={p: split[p] / total if total else 0.0 for p in Priority},
        frequent=tuple(row for row in counts if row[0] in listed),
        chattering=chatter,
    )


def floods(times: Sequence[int]) -> list[Flood]:
    """Floods in annunciation times (in order). One begins at the annunciation that makes it 11 within the
    last 10 minutes, and ends when the last 10 minutes hold fewer than 5."""
    found: list[Flood] = []
    begun: int | None = None
    first = 0
    for i, at in enumerate(times):
        if begun is not None:
            end = _calm(times, i)
            if end is not None and end <= at:
                found.append(Flood(times[begun], end, i - begun))
                begun = None
        while times[first] <= at - TEN_US:
            first += 1
        if begun is None and i - first + 1 > FLOOD_BEGINS:
            begun = i
    if begun is not None:
        end = _calm(times, len(times))
        found.append(Flood(times[begun], end if end is not None else times[-1] + TEN_US, len(times) - begun))
    return found


def _calm(times: Sequence[int], count: int) -> int | None:
    """When the last ten minutes of the first `count` times hold fewer than 5, if nothing else comes."""
    return times[count - FLOOD_ENDS] + TEN_US if count >= FLOOD_ENDS else None


def _worst(times: Sequence[int]) -> int:
    """The most annunciations in the ten minutes that begin with any of them."""
    most = end = 0
    for begin, at in enumerate(times):
        while end < len(times) and times[end] < at + TEN_US:
            end += 1
        most = max(most, end - begin)
    return most


def chattering(asked: Sequence[Asked]) -> tuple[tuple[str, int], ...]:
    """Alarms that asked three times within a minute: (alarm, how many times they completed such a three)."""
    times: dict[str, list[int]] = {}
    for a in asked:
        times.setdefault(a.alarm_id, []).append(a.at_us)
    found = {
        key: sum(c - a <= CHATTER_US for a, c in zip(row, row[CHATTER_TIMES - 1 :], strict=False))
        for key, row in times.items()
    }
    return tuple(sorted(((k, n) for k, n in found.items() if n), key=lambda item: (-item[1], item[0])))
