"""Planned run time per part (PRI of ISO 22400-2): by product, work unit and tool, dated, with its basis.

A tool with several cavities gives several parts in a cycle: PRI is the cycle by the cavities.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """A planned cycle from a moment on. `tool` is "" for one that holds with any tool; `basis` says what it
    rests on: planned, or best demonstrated."""

    valid_from_us: int
    tool: str
    cycle_s: float
    cavities: int
    basis: str

    @property
    def per_part_s(self) -> float | None:
        """PRI in seconds; None for a cycle or a number of cavities that is 0 or less."""
        return self.cycle_s / self.cavities if self.cycle_s > 0 and self.cavities > 0 else None


def rate_at(versions: Sequence[Rate], tool: str, at_us: int) -> Rate | None:
    """The rate that holds at a moment with a tool: the tool's own, else the one for any tool. Without a tool
    that of the only tool there is. A tool without a rate has none: another tool's says nothing about it."""
    valid = [rate for rate in versions if rate.valid_from_us <= at_us]
    tools = {rate.tool for rate in valid}
    if not tool and "" not in tools and len(tools) == 1:
        tool = next(iter(tools))
    for wanted in (tool, ""):
        mine = [rate for rate in valid if rate.tool == wanted]
        if mine:
            return max(mine, key=lambda rate: rate.valid_from_us)
    return None
