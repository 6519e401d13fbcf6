"""Acts on the watch over models: say that a sensor or a tool is new. Training anew is decided in its case."""

from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Actor, Permission
from data.store import drafts
from data.store import model_watch as store
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, wall_us
from domain.equipment import site_of
from domain.errors import InvalidInput, NotFound
from domain.ids import new_id
from services import audit
from services.actors import fresh
from services.commands.acting import checked_text
from services.situation import Site, site_at

KINDS = ("sensor", "tool", "other")
OLDEST_US = 14 * DAY


class ModelWatchCommands:
    """Forbidden without the permission."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def mark(self, actor: Actor, equipment_id: str, kind: str, at_us: int, words: str) -> None:
        """Say that something of a machine is new: from then on its usual values are learned anew."""
        said = checked_text(words)
        if kind not in KINDS:
            raise InvalidInput(f"a change is one of: {', '.join(KINDS)}", "kind")
        with self._database.write() as tx:
            person = fresh(tx, actor)
            person.require(Permission.IGNORE_INPUT, equipment_id)
            e = t.equipment.c
            if tx.execute(select(e.level).where(e.equipment_id == equipment_id)).scalar() != "unit":
                raise NotFound("there is no such machine")
            site = site_at(tx, site_of(equipment_id))
            if not site.now_us - OLDEST_US <= at_us <= site.now_us:
                raise InvalidInput("the change lies within the last two weeks, not in the future", "at")
            row = {"mark_id": new_id(), "equipment_id": equipment_id, "at_us": at_us, "kind": kind}
            store.mark(tx, row | {"words": said, "said_by": person.account_id, "said_wall_us": wall_us()})
            drafts.use_up(tx, person.account_id, ["baseline"])
            detail = {"kind": kind, "at_us": at_us, "words": said}
            _note(tx, person, site, "equipment", equipment_id, "said that something is new", detail)


def _note(
    tx: Connection, person: Actor, site: Site, kind: str, subject: str, action: str, detail: dict[str, Any]
) -> None:
    audit.append(
        tx, actor=person.account_id, action=action, subject_kind=kind, subject_id=subject,
        plant_us=site.now_us, detail=detail,
    )  # fmt: skip
