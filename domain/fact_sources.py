"""Who knows what: for each fact, the automatic source, who says it where that is silent, until when, and
who may correct it afterwards. The screen and docs/facts.md show this table; the rights are those of
auth.permissions, the times those that the commands hold to.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FactSource:
    """One row of the table."""

    fact: str
    automatic: str
    fallback: str
    latest: str
    corrects: str


FACTS: tuple[FactSource, ...] = (
    FactSource(
        "Machine state",
        "the machine (PackML, OPC 40001-1, running signal)",
        "nobody: a gap stays a gap",
        "as it happens; late data correct it",
        "nobody by hand",
    ),
    FactSource(
        "Good parts, scrap",
        "the machine's counters; what inspections of the MES scrapped beyond them is scrap too",
        "nobody: without a counter there is no OEE",
        "as it happens; provisional while parts wait for inspection",
        "nobody by hand; inspections the MES",
    ),
    FactSource(
        "First pass yield, rework",
        "the inspections of the MES",
        "nobody",
        "provisional while parts wait for inspection",
        "the MES",
    ),
    FactSource(
        "Order and product",
        "the MES",
        "nobody: parts without an order are shown as such",
        "start of the order",
        "the MES",
    ),
    FactSource(
        "Planned cycle time",
        "the MES routing, by product, machine and date",
        "the planner, in the MES",
        "before the order starts",
        "the planner, from a date on",
    ),
    FactSource(
        "Reason of a stop",
        "proposed from the states of the machines around it; the MES booking",
        "the operator of the line",
        "12 hours after the stop ended",
        "supervisor, planner, plant manager",
    ),
    FactSource(
        "Where a stop is split",
        "the machine's states",
        "the operator of the line",
        "12 hours after the stop ended",
        "supervisor, planner, plant manager",
    ),
    FactSource(
        "Planned stop",
        "the MES, if fixed before the shift plan froze",
        "nobody: later it is unplanned",
        "freeze of the shift plan",
        "nobody: the freeze counts",
    ),
    FactSource(
        "Limit of a short stop",
        "the line's setting",
        "5 minutes",
        "before it holds",
        "plant manager, from then on",
    ),
    FactSource(
        "Shift calendar",
        "the MES, or the calendar of the site",
        "planner, plant manager",
        "before the plan of the shift is fixed",
        "planner, plant manager, for days to come",
    ),
    FactSource(
        "Machine in the plant or out of it",
        "nobody: a silent machine stays in the plant",
        "plant manager, administrator",
        "when it has happened, before its shift is closed",
        "plant manager, administrator; in a closed shift after reopening",
    ),
    FactSource(
        "Target",
        "none; before the first one with a date, that of the equipment",
        "the plant manager",
        "before it holds",
        "plant manager, from a day on",
    ),
    FactSource(
        "Alarm limit",
        "none",
        "supervisor, plant manager",
        "before it holds",
        "supervisor, plant manager, by a new version",
    ),
    FactSource(
        "Limits of a process setting",
        "none: without limits nothing is advised on it",
        "supervisor, plant manager, with the trial that validated them",
        "before it is advised to move the setting",
        "supervisor, plant manager, by a new version",
    ),
    FactSource(
        "Energy price, CO2 factor",
        "none: without one there is no cost",
        "the plant manager",
        "the day from which it holds",
        "plant manager, by a new version",
    ),
    FactSource(
        "Finding after maintenance",
        "the MES receipt of the technician",
        "technician or planner on the case",
        "when the work is done",
        "technician, planner",
    ),
    FactSource(
        "Shift figures",
        "computed; provisional until the shift is closed",
        "the supervisor closes the shift",
        "when the supervisor closes",
        "the supervisor reopens, with a reason",
    ),
)
