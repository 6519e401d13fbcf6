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
LEAD_US = DAY  # a flood that runs is looked for so far back
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
    `flooded`: share of time in floods; `frequent`: (alarm, count), most first, and behind them those that
    chatter; `chattering`: alarms that asked three times within a minute, with how often they did."""

    total: int
    rate: float
    worst: int
    floods: tuple[Flood, ...]
    flooded: float
    split: dict[Priority, float]
    frequent: tuple[tuple[str, int], ...]
    chattering: tuple[tuple[str, int], ...]


def kpis(asked: Sequence[Asked], from_us: int, to_us: int, *, shown: int = 10) -> AlarmKpis:
    """The figures of [from, to); `asked` in order of time, with what came in LEAD_US before: a flood that
    runs already when the stretch begins counts from there on."""
    inside = [a for a in asked if from_us <= a.at_us < to_us]
    times = [a.at_us for a in inside]
    found = [f for f in floods([a.at_us for a in asked if a.at_us < to_us]) if f.to_us > from_us]
    flooded = sum(min(f.to_us, to_us) - max(f.from_us, from_us) for f in found)
    split = Counter(a.priority for a in inside)
    counts = Counter(a.alarm_id for a in inside).most_common()
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


def flood_now(times: Sequence[int], now_us: int) -> bool:
    """Whether a flood runs at a moment: the same rule as in the figures, with what came in LEAD_US before."""
    return any(f.from_us <= now_us < f.to_us for f in floods([at for at in times if at <= now_us]))


def stale_a_day(spans: Sequence[tuple[int, int]], from_us: int, to_us: int) -> float:
    """How many alarms a day had been there for more than a day: the mean over the days of a stretch.

    `spans`: from when to when each alarm was there; one that still is ends at to_us."""
    stale = [(begin + STALE_US, end) for begin, end in spans if end - begin > STALE_US]
    days = [(at, min(at + DAY, to_us)) for at in range(from_us, to_us, DAY)]
    hits = sum(begin < end_of and end > at for at, end_of in days for begin, end in stale)
    return hits / max(1, len(days))


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
