"""How far the data carry what is said of a machine, and what would carry it further."""

from collections.abc import Sequence

from components.tables import empty, panel, small, table
from components.words import NOTHING, plural, safe
from domain.equipment import plural as machines
from domain.maturity import Level
from domain.recommendation import cause_label
from services.rows.maturity import MaturityGroup, MaturityRow

NAMES = {
    Level.LIMITS: "limits only",
    Level.ANOMALY: "what is unusual",
    Level.POOLED: "risk of such machines",
    Level.OWN: "own remaining life",
}
TITLE = "What the data carry"


def machine_panel(rows: Sequence[MaturityRow]) -> str:
    """One machine: a row per failure mode, with the facts behind it."""
    if not rows:
        return ""
    head = ("Failure", "Carried by the data", "Own failures", "What lifts it")
    lines = [
        (_cause(row.cause), safe(NAMES[row.level]), str(row.facts.own), safe(row.lifts or NOTHING))
        for row in rows
    ]
    facts = rows[0].facts
    holds = {None: "too few cases to say", True: "come as stated", False: "do not come as stated"}[
        facts.holds
    ]
    said = (
        f"{facts.days:.0f} days of readings; {plural(facts.learned, 'failure')} behind the "
        f"model; its chances here: {holds}. Advice never goes beyond what the data carry."
    )
    return panel(TITLE, table(head, lines, right=(2,), tight=True) + small(safe(said)))


def site_panel(groups: Sequence[MaturityGroup]) -> str:
    """All machines: how many stand where, by type and failure mode."""
    if not groups:
        return panel(TITLE, empty("No machine is placed here yet."))
    head = ("Machines", "Failure", *(name.capitalize() for name in NAMES.values()), "What lifts most of them")
    lines = [
        (safe(machines(g.machine_type)), _cause(g.cause), *map(str, g.machines), safe(g.lifts or NOTHING))
        for g in groups
    ]
    note = "machines at each level; advice never goes beyond it"
    return panel(TITLE, table(head, lines, right=(2, 3, 4, 5), tight=True), safe(note))


def _cause(cause: str) -> str:
    return safe(cause_label(cause)) if cause else NOTHING
