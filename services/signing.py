"""What a signature is bound to: the exact case, evidence, model and payloads (21 CFR 11)."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from auth.permissions import Actor
from data.store import cases as store
from domain.clock import wall_us
from domain.evidence import canonical
from domain.ids import new_id

APPROVES = "I have checked the evidence and release these orders."
APPROVES_CHANGED = "I have checked the evidence, changed the proposal, and release these orders."
REJECTS = "I have checked the evidence and decide against this advice."
TAKES_BACK = "I take these orders back."


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
) -> str:
    """Store the actor's signature under a case and its orders as they are now; returns the hash."""
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
    return record
