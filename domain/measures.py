"""What KPIs are made of: measures that add up over time, machines, orders and products.

Times are whole microseconds, so that sums are exact; parts and ideal times are doubles. The leaves
come first and partition calendar time; `_us` names after them are parts of a leaf.
"""

from domain.time_model import Leaf

LEAF_COLUMNS = {leaf: f"{leaf.value.removesuffix('_down')}_us" if leaf is Leaf.PLANNED_DOWN
                else f"{leaf.value}_us" for leaf in Leaf}  # fmt: skip
WHOLE = (
    *LEAF_COLUMNS.values(),
    "waiting_us",  # delay within an order
    "blocked_us",  # delay charged to a machine behind; read from the losses, 0 in the roll-ups
    "starved_us",  # the same for a machine before
    "minor_us",  # down in minor stops
    "off_plan_us",  # production in breaks, planned stops and outside the shifts
    "corrective_us",  # maintenance after a failure (CMT)
    "preventive_us",  # planned maintenance (PMT)
    "minor_stops",
    "failures",
    "uncounted_us",  # planned busy time of a machine without a counter of good parts
    "uncounted_run_us",  # of it, production
    "unordered_us",  # production and setup without an order: busy, but on none
    "unordered_run_us",  # of it, production
)
REAL = (
    "good",
    "scrap",
    "startup_scrap",  # of it, made during setup
    "rework",
    "inspected",
    "first_pass",
    "ideal_s",  # sum(PRI x PQ)
    "ideal_good_s",  # sum(PRI x GQ)
    "unrated",  # parts without an order or a planned cycle time
    "energy_kwh",
)
NAMES = (*WHOLE, *REAL)


def paid(good: float, scrap: float, ideal_good_s: float, scrap_after: float) -> tuple[float, float, float]:
    """Good parts, scrap and ideal time of good parts of a line: those of its constraint, without what the
    machines behind it scrapped, which was paid for with the constraint's time."""
    lost = min(scrap_after, good)
    share = 1 - lost / good if good else 1.0
    return good - lost, scrap + lost, ideal_good_s * share
