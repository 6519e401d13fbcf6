"""Advice never goes beyond what the data carry."""

from dataclasses import replace

from sqlalchemy import Connection

from domain.choices import Choice
from domain.maturity import level, lifts, supports
from services.maturity import fact, learned
from services.situation import Situation


def too_far(tx: Connection, found: Situation, choice: Choice) -> str:
    """Why the data do not carry this advice of the model that made the prediction; empty where they do."""
    site_id, machine = found.site.site_id, found.machine
    here = fact(tx, site_id, (machine.equipment_id, machine.machine_type), found.cause)
    spoke = replace(here, learned=learned(tx, site_id, found.card))
    if supports(level(spoke), choice):
        return ""
    return f"the data do not carry this advice yet; what lifts it: {lifts(spoke)}"
