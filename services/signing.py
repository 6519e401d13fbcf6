"""Signing (21 CFR 11): who signs has just shown the password, and what is signed is bound by a hash.

The hash covers the exact case, evidence, model and payloads. No signature is stored without a proof.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from auth import passwords, sessions
from auth.permissions import Actor
from auth.signatures import Credential, Proof, check_proof
from data.store import cases as store
from data.store import tables as t
from data.store.database import Database
from domain.cases import ABOUT_MODELS, ABOUT_SETTINGS
from domain.clock import wall_us
from domain.errors import Forbidden, InvalidInput, NotNow
from domain.evidence import canonical
from domain.ids import new_id
from services import audit, second_factors

APPROVES = "I have checked the evidence and release these orders."
LETS_TRAIN = "I have checked the evidence and let this model be trained anew. It comes back as a challenger."
MOVES = "I have checked the evidence and ask the MES to move this set point."
APPROVES_CHANGED = "I have checked the evidence, changed the proposal, and release these orders."
REJECTS = "I have checked the evidence and decide against this advice."
EMERGENCY = "I act alone in an emergency and release these orders; another person ratifies this."
RATIFIES = "I have checked what was done in the emergency and ratify it."
REFUSES_TO_RATIFY = "I have checked what was done in the emergency and do not ratify it."
TAKES_BACK = "I take these orders back."
AT_SIGNING = "signature"  # stands for the address in `sign_in_attempts`


def approves(kind: str) -> str:
    """What approving a case of a kind as it stands means."""
    return LETS_TRAIN if kind in ABOUT_MODELS else MOVES if kind in ABOUT_SETTINGS else APPROVES


class Signer:
    """Checks, outside any transaction, that a person is who the session says."""

    def __init__(self, database: Database, now: Callable[[], int] = wall_us) -> None:
        self._database = database
        self._now = now

    def prove(self, actor: Actor, credential: Credential) -> Proof:
        """The proof for one act. InvalidInput when nothing was typed, Forbidden when it is wrong."""
        if not credential.password:
            raise InvalidInput("please type your password to sign")
        if not self.password_ok(actor, credential.password):
            raise Forbidden("the password is wrong; nothing was signed")
        if not second_factors.is_set(self._database, actor.account_id):
            return Proof(actor.account_id, "password")
        if not credential.code:
            raise InvalidInput("please type the code that your phone shows")
        if not second_factors.use(self._database, actor.account_id, credential.code, self._now()):
            self._failed(actor)
            raise Forbidden("the code is wrong or was used before; nothing was signed")
        return Proof(actor.account_id, "password and code", coded=True)

    def password_ok(self, actor: Actor, password: str) -> bool:
        """Is it the actor's own password? Wrong ones count; after five NotNow is raised for a while."""
        c = t.sign_in_attempts.c
        with self._database.read() as tx:
            mine = (c.username == actor.username) & (c.address == AT_SIGNING) & c.accepted.is_(False)
            failures = list(tx.execute(select(c.wall_us).where(mine)).scalars())
            query = select(t.accounts.c.password_hash).where(t.accounts.c.account_id == actor.account_id)
            stored = tx.execute(query.where(t.accounts.c.active)).scalar_one_or_none()
        if sessions.PAIR.wait_until(failures, self._now()):
            raise NotNow("too many wrong passwords; wait 15 minutes")
        right = stored is not None and passwords.matches(password, stored)
        if not right:
            self._failed(actor)
        return right

    def _failed(self, actor: Actor) -> None:
        values = {"username": actor.username, "address": AT_SIGNING, "accepted": False}
        with self._database.write() as tx:
            tx.execute(insert(t.sign_in_attempts).values(wall_us=self._now(), **values))
            audit.append(
                tx, actor=actor.account_id, action="gave a wrong password or code", subject_kind="account",
                subject_id=actor.account_id, plant_us=self._now(), detail={"at": AT_SIGNING},
            )  # fmt: skip


def hash_of(text: str) -> str:
    """sha256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def record_hash(case: Mapping[str, Any], commands: Sequence[Mapping[str, Any]]) -> str:
    """sha256 over the canonical JSON of what is signed; the same record always gives the same hash."""
    fields = ("case_id", "number", "cause", "cost_cents", "evidence_hash", "prediction_id")
    orders = ("command_id", "queue", "business_key", "payload", "depends_on", "cancels")
    signed = {
        "case": {name: case[name] for name in fields},
        "evidence": case["evidence"],
        "orders": [{name: row[name] for name in orders} for row in commands],
    }
    return hash_of(canonical(signed))


def sign(
    tx: Connection,
    actor: Actor,
    case: Mapping[str, Any],
    commands: Sequence[Mapping[str, Any]],
    meaning: str,
    proof: Proof | None,
) -> dict[str, str]:
    """Store the actor's signature under a case and its orders as they are now.

    Returns what the audit says of it: the hash, and how the person was proved. Forbidden without proof.
    """
    proved = check_proof(proof, actor.account_id)
    record = record_hash(case, commands)
    store.add_signature(
        tx,
        {
            "signature_id": new_id(),
            "case_id": case["case_id"],
            "account_id": actor.account_id,
            "printed_name": actor.name,
            "meaning": meaning,
            "signed_wall_us": wall_us(),
            "record_hash": record,
        },
    )
    return {"record_hash": record, "proved_by": proved.by}
