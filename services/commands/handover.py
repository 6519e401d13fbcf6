"""The handover of a line: the outgoing shift signs what filled itself, the incoming one accepts it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from auth.permissions import Actor, Permission
from auth.signatures import Credential
from data.store import care as store
from data.store import drafts
from data.store.database import Database
from domain.equipment import site_of
from domain.errors import Conflict, Forbidden, NotFound, NotNow
from domain.ids import new_id
from services import audit, handover
from services.actors import fresh
from services.commands.acting import checked_text
from services.commands.once import in_reach
from services.signing import Signer, hash_of
from services.situation import Site, site_at

SIGNS = "I hand this line over as written here."
ACCEPTS = "I have read this handover and take the line over."


class HandoverCommands:
    """Both acts need the password again. Errors: Forbidden, NotFound, NotNow, Conflict, InvalidInput."""

    def __init__(self, database: Database) -> None:
        self._database, self._signer = database, Signer(database)

    def sign(self, actor: Actor, line_id: str, remarks: str, seen_hash: str, credential: Credential) -> str:
        """Sign what the line's running shift hands over. `seen_hash`: of what the person has read.

        Conflict when it has changed since; NotNow between shifts, or when it is signed already.
        """
        words, proof = checked_text(remarks, optional=True), self._signer.prove(actor, credential)
        with self._database.write() as tx:
            person = fresh(tx, actor)
            in_reach(person, line_id, Permission.HAND_OVER)
            site = site_at(tx, site_of(line_id))
            shift = store.shift_at(tx, line_id, site.now_us)
            if shift is None:
                raise NotNow("no shift runs on this line now")
            if store.handover(tx, line_id, shift["end_us"]) is not None:
                raise NotNow("this shift was handed over already")
            content = handover.to_json(handover.collect(tx, line_id, site.now_us))
            if hash_of(content) != seen_hash:
                raise Conflict("something has changed since you read it; look at it again")
            row = {
                "handover_id": new_id(), "equipment_id": line_id, "shift_end_us": shift["end_us"],
                "content": content, "content_hash": hash_of(content), "remarks": words,
                "outgoing": person.account_id, "signed_us": site.now_us, "incoming": None,
                "accepted_us": None,
            }  # fmt: skip
            store.add_handover(tx, row)
            drafts.use_up(tx, person.account_id, [f"handover:{line_id}"])
            record = hash_of(f"{row['content_hash']}|{words}|{line_id}|{shift['end_us']}")
            told = {
                "meaning": SIGNS,
                "printed_name": person.name,
                "record_hash": record,
                "proved_by": proof.by,
            }
            _note(tx, person, "handed over", str(row["handover_id"]), site, told | {"remarks": words})
            return str(row["handover_id"])

    def accept(self, actor: Actor, line_id: str, shift_end_us: int, credential: Credential) -> None:
        """Take the line over. Never by whoever handed it over."""
        proof = self._signer.prove(actor, credential)
        with self._database.write() as tx:
            person = fresh(tx, actor)
            in_reach(person, line_id, Permission.HAND_OVER)
            row = store.handover(tx, line_id, shift_end_us)
            if row is None:
                raise NotFound("no such handover")
            if row["outgoing"] == person.account_id:
                raise Forbidden("whoever hands over does not accept it; the next shift does")
            site = site_at(tx, site_of(line_id))
            if not store.accept_handover(tx, row["handover_id"], person.account_id, site.now_us):
                raise NotNow("this handover was accepted already")
            told = {
                "meaning": ACCEPTS, "printed_name": person.name, "record_hash": row["content_hash"],
                "proved_by": proof.by,
            }  # fmt: skip
            _note(tx, person, "took over", row["handover_id"], site, told)


def _note(
    tx: Connection, person: Actor, action: str, subject: str, site: Site, detail: Mapping[str, Any]
) -> None:
    audit.append(
        tx, actor=person.account_id, action=action, subject_kind="handover", subject_id=subject,
        plant_us=site.now_us, detail=detail,
    )  # fmt: skip
