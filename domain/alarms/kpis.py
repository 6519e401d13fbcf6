"""How well a set of alarms works, per operator position (ISA-18.2, section 16; EEMUA 191).

Rates count annunciations: moments at which an alarm began to ask for an operator.
"""

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


def stale_a_day(spans: Sequence[tuple[int, int]], from_us: int, to_us: int) -> float:
    """How many alarms a day had been there for more than a day: the mean over the days of a stretch.

    `spans`: from when to when each alarm was there; one that still is ends at to_us."""
    stale = [(begin + STALE_US, end) for begin, end in spans if end - begin > STALE_US]
    days = [(at, min(at + DAY, to_us)) for at in range(from_us, to_us, DAY)]
    hits = sum(begin < end_of and end > at for at, end_of in days for begin, end in stale)
    return hits / max(1, len(days))
