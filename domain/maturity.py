"""How far the data carry what is said of a machine and a failure mode, and what would carry it further.

Limits need nothing but a reading. What is unusual needs the machine's own usual days. A risk needs many
failures of such machines, which a model has learned from. A remaining life of its own needs failures of its
own of that kind, and chances that come as they are stated. Advice never exceeds the level.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from domain.choices import Choice

USUAL_DAYS = 6  # the features look back so far for what is usual
FEWEST_POOL = 20  # failures of such machines that a model must have learned from
FEWEST_OWN = 3


class Level(IntEnum):
    """Rising: what each level allows includes what the lower ones allow."""

    LIMITS = 0
    ANOMALY = 1
    POOLED = 2
    OWN = 3


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is of one machine and mode.

    `days` of readings; `learned` failures of such machines behind the model that may speak here (0: none
    may); `own` failures of this mode on record; `holds`: its chances come as stated (None: too few cases);
    `watched`: a model of what is unusual may speak here.
    """

    days: float
    learned: int
    own: int
    holds: bool | None
    watched: bool


def level(facts: Facts) -> Level:
    """The highest level that the data carry."""
    if facts.learned >= FEWEST_POOL:
        return Level.OWN if facts.own >= FEWEST_OWN and facts.holds else Level.POOLED
    return Level.ANOMALY if facts.watched and facts.days >= USUAL_DAYS else Level.LIMITS


def lifts(facts: Facts) -> str:
    """What would lift it, in one sentence; empty at the top."""
    found = level(facts)
    if found is Level.OWN:
        return ""
    if found is Level.LIMITS and facts.days >= USUAL_DAYS:
        return "a model of what is unusual, trained on this plant's healthy days"
    if found is Level.LIMITS:
        return f"{max(1, round(USUAL_DAYS - facts.days))} more days of readings"
    if found is Level.ANOMALY:
        return "a model trained on this plant's failures"
    wants: list[str] = []
    if facts.own < FEWEST_OWN:
        missing = FEWEST_OWN - facts.own
        wants.append(f"{missing} more {'failure' if missing == 1 else 'failures'} of its own")
    if facts.holds is None:
        wants.append("20 cases with a known end")
    elif not facts.holds:
        wants.append("chances that come as stated")
    return " and ".join(wants)


def supports(found: Level, choice: Choice) -> bool:
    """May this be advised at this level? What is merely unusual is looked at, not repaired."""
    if found >= Level.POOLED:
        return True
    return found is Level.ANOMALY and choice is Choice.INSPECT_FIRST


def counts(levels: Iterable[Level]) -> dict[Level, int]:
    """How many stand at each level, from the lowest, empty ones too."""
    every = list(levels)
    return {one: every.count(one) for one in Level}
