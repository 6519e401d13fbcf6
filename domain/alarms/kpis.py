"""How well a set of alarms works, per operator position (ISA-18.2, section 16; EEMUA 191).

Rates count annunciations: moments at which an alarm began to ask for an operator.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from domain.alarms.life import Priority
from domain.clock import DAY, MINUTE

TEN_US = 10 * MINUTE
FLOOD_BEGINS, FLOOD_ENDS = 10, 5
STALE_US = DAY
CHATTER_TIMES, CHATTER_US = 3, MINUTE
TARGETS = {Priority.LOW: 0.80, Priority.MEDIUM: 0.15, Priority.HIGH: 0.05}


@dataclass(frozen=True, slots=True)
class Asked:
    """One annunciation."""

    at_us: int
    alarm_id: str
    priority: Priority


@dataclass(frozen=True, slots=True)
class Flood:
    """More than 10 annunciations within 10 minutes, until a 10-minute stretch holds fewer than 5."""

    from_us: int
    to_us: int
    count: int


@dataclass(frozen=True, slots=True)
class AlarmKpis:
    """Figures of a stretch. `rate`: mean per 10 minutes; `worst`: the highest count in any 10 minutes;
    `flooded`: share of time in floods; `frequent`: (alarm, count), most first; `chattering`: alarms that
    asked three times within a minute, with how often they did."""

    total: int
    rate: float
    worst: int
    floods: tuple[Flood, ...]
    flooded: float
    split: dict[Priority, float]
    frequent: tuple[tuple[str, int], ...]
    chattering: tuple[tuple[str, int], ...]


def kpis(asked: Sequence[Asked], from_us: int, to_us: int, *, shown: int = 10) -> AlarmKpis:
    """The figures of [from, to); `asked` in order of time."""
    inside = [a for a in asked if from_us <= a.at_us < to_us]
    times = [a.at_us for a in inside]
    found = floods(times)
    split = Counter(a.priority for a in inside)
    total = len(inside)
    return AlarmKpis(
        total=total,
        rate=total * TEN_US / max(1, to_us - from_us),
        worst=max((_within(times, i) for i in range(total)), default=0),
        floods=tuple(found),
        flooded=sum(min(f.to_us, to_us) - f.from_us for f in found) / max(1, to_us - from_us),
        split={p: split[p] / total if total else 0.0 for p in Priority},
        frequent=tuple(Counter(a.alarm_id for a in inside).most_common(shown)),
        chattering=chattering(inside),
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


def _within(times: Sequence[int], i: int) -> int:
    """Annunciations in the ten minutes that begin with the i-th."""
    end = i
    while end < len(times) and times[end] < times[i] + TEN_US:
        end += 1
    return end - i


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
