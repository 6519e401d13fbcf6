"""Acts on the watch over models: decide on a proposal to train anew, say that a sensor or a tool is new."""

from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Actor, Permission
from auth.signatures import NOTHING_TYPED, Credential, check_proof
from data.store import drafts
from data.store import model_watch as store
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, wall_us
from domain.equipment import site_of
from domain.errors import InvalidInput, NotFound, NotNow
from domain.evidence import canonical
from domain.ids import new_id
from services import audit
from services.actors import fresh
from services.commands.acting import checked_text
from services.signing import Signer, hash_of
from services.situation import Site, site_at

APPROVES = "I have read why, and let this model be trained anew. It comes back as a challenger."
REJECTS = "I have read why, and leave this model as it is."
KINDS = ("sensor", "tool", "other")
OLDEST_US = 14 * DAY


class ModelWatchCommands:
    """Forbidden without the permission, or without the right password where it is signed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._signer = Signer(database)

    def decide(
        self, actor: Actor, proposal_id: str, reason: str, *, approve: bool,
        credential: Credential = NOTHING_TYPED,
    ) -> None:  # fmt: skip
        """Approve a proposal, so that `python -m runtime retrain` runs it, or reject it."""
        proof, words = self._signer.prove(actor, credential), checked_text(reason)
        with self._database.write() as tx:
            row = store.proposal(tx, proposal_id)
            if row is None:
                raise NotFound("there is no such proposal")
            person = fresh(tx, actor)
            person.require(Permission.MANAGE_MODELS, row["site_id"])
            check_proof(proof, person.account_id)
            site = site_at(tx, row["site_id"])
            state = "approved" if approve else "rejected"
            values: dict[str, Any] = {
                "state": state, "decided_by": person.account_id, "printed_name": person.name,
                "meaning": APPROVES if approve else REJECTS, "reason": words, "decided_wall_us": wall_us(),
            }  # fmt: skip
            signed = {name: row[name] for name in ("proposal_id", "model_name", "model_version", "why")}
            values["record_hash"] = hash_of(canonical(signed | values))
            if not approve:
                values["open_key"] = None
            if not store.change_proposal(tx, proposal_id, "proposed", values):
                raise NotNow("it has been decided already")
            drafts.use_up(tx, person.account_id, [f"retrain:{proposal_id}"])
            detail = {"model": row["model_name"], "version": row["model_version"], "reason": words}
            detail |= {
                "meaning": values["meaning"],
                "record_hash": values["record_hash"],
                "proved_by": proof.by,
            }
            _note(tx, person, site, "ai", proposal_id, f"{state} training a model anew", detail)

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
