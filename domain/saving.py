"""What fewer bad parts are worth, counted as the losses of the KPIs count scrap.

A scrapped part costs the planned run time of a part at the machine that sets the pace of its line, at what
an hour of that line costs; a reworked part costs none of that time. Saved in a week:
fall of the share of bad parts x parts a week x share of the bad parts that are scrapped x cost of one.
The range is the 90 % interval of the fall; parts, shares and costs are taken as they were.

A moved set point saves in every week, a repair saves once: what cases are worth together has both sums.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.cases import ABOUT_SETTINGS
from domain.costs import Cost

SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class PartCost:
    """What the saving is counted from. `scrapped`: of the bad parts, 0..1; `per_part_s`: planned run time."""

    parts_a_week: float
    scrapped: float
    per_part_s: float
    cents_per_hour: int

    @property
    def cents(self) -> float:
        """What a scrapped part costs."""
        return part_cents(self.per_part_s, self.cents_per_hour)


def part_cents(per_part_s: float, cents_per_hour: int) -> float:
    """What a scrapped part costs, by its planned run time and what an hour of the line costs."""
    return per_part_s / SECONDS * cents_per_hour


def saved_a_week(change: float, low: float, high: float, of: PartCost) -> Cost:
    """In cents, from a change of the share of bad parts (0..1; below 0 is a fall) with its 90 % interval."""
    each = -of.parts_a_week * of.scrapped * of.cents
    return Cost(round(change * each), round(high * each), round(low * each))


@dataclass(frozen=True, slots=True)
class Worth:
    """What cases save together, in cents: `once`, and in each week. Never added: their units differ."""

    once: int = 0
    weekly: int = 0


def together(cases: Iterable[tuple[str, int]]) -> Worth:
    """The sums over cases, each its kind and its benefit in cents."""
    every = tuple(cases)
    weekly = sum(cents for kind, cents in every if kind in ABOUT_SETTINGS)
    return Worth(sum(cents for _, cents in every) - weekly, weekly)
