"""Which machine of a line sets its pace, from data: the one that waits least.

A machine before the bottleneck is blocked, one behind it is starved; the bottleneck itself works, is
set up or is down. So it is the machine with the largest active share of its planned busy time
(active-period method, after Roser, Nakano and Tanaka 2001, over a window instead of a moment).
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Activity:
    """One machine of a line. `charged_us`: how long others waited for it."""

    equipment_id: str
    declared: bool
    pbt_us: int
    delay_us: int
    charged_us: int

    @property
    def active(self) -> float:
        """Share of the planned busy time in which it did not wait."""
        return 1 - self.delay_us / self.pbt_us if self.pbt_us > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """The machine found, and how far it leads. `agrees`: it is the declared constraint."""

    equipment_id: str
    active: float
    lead: float
    charged_us: int
    agrees: bool
    declared: str


def find(line: Sequence[Activity]) -> Bottleneck | None:
    """The bottleneck of a line; None where no machine was planned to be busy, or all of them
    waited throughout. Of equals it is the one for which others waited longer, then the declared one."""
    ranked = sorted(
        (a for a in line if a.pbt_us > 0), key=lambda a: (-a.active, -a.charged_us, not a.declared)
    )
    if not ranked or ranked[0].active <= 0:
        return None
    first = ranked[0]
    lead = first.active - ranked[1].active if len(ranked) > 1 else first.active
    declared = next((a.equipment_id for a in line if a.declared), "")
    return Bottleneck(
        first.equipment_id, first.active, lead, first.charged_us, first.equipment_id == declared, declared
    )
