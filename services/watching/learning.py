"""Which machines are learning: their usual values are new since a maintenance, a sensor or a tool.

Drift is segmented there: a machine is compared with its own first days after the last change, never with
what was before it.
"""

from collections.abc import Mapping

from sqlalchemy import Connection

from data.store import model_watch as store
from domain.clock import DAY
from domain.drift import LEARN_US
from services.rows.model_watch import Learning

BACK_US = 14 * DAY
WORDS = {
    "preventive": "preventive maintenance",
    "corrective": "repair",
    "sensor": "new or moved sensor",
    "tool": "new tool",
    "other": "another change",
}


def last_changes(tx: Connection, site_id: str, now_us: int) -> dict[str, tuple[int, str]]:
    """The newest change of each machine within two weeks, (time, in words)."""
    found = store.newest_changes(tx, site_id, now_us - BACK_US, now_us)
    return {unit: (at, WORDS.get(kind, kind)) for unit, (at, kind) in found.items()}


def learning(tx: Connection, site_id: str, now_us: int) -> dict[str, tuple[int, str]]:
    """The machines that are learning now: when it ends, and why."""
    changes = last_changes(tx, site_id, now_us)
    return {unit: (at + LEARN_US, words) for unit, (at, words) in changes.items() if now_us - at < LEARN_US}


def rows(tx: Connection, site_id: str, names: Mapping[str, str], now_us: int) -> tuple[Learning, ...]:
    """The machines of `names` that are learning, the newest first."""
    found = [
        Learning(unit, names[unit], until - LEARN_US, until, words)
        for unit, (until, words) in learning(tx, site_id, now_us).items()
        if unit in names
    ]
    return tuple(sorted(found, key=lambda one: (-one.since_us, one.machine)))
