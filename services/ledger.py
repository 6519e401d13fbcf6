"""The value ledger: what a decision promised, and what it was worth by what was found.

Booked by the relay process within half a minute of a finding; a corrected finding is booked again, and
the older line stays. A case without work done (rejected, taken back) is booked at nothing.
"""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, func, select

from data.store import cases
from data.store import ledger as store
from data.store import tables as t
from data.store.database import Database
from domain.clock import wall_us
from domain.evidence import Evidence, alternatives_from_json, canonical
from domain.messages import CommandKind, CommandState, Finding
from domain.recommendation import Choice
from domain.value import Done, Entry, Realised, realised
from services import audit
from services.failures import REASONS

LIMIT = 50
WORKED_STATES = (CommandState.DONE, CommandState.ACCEPTED, CommandState.SENT)


def book_due(database: Database) -> int:
    """Book what has been found since the last time; returns how many cases were booked."""
    with database.read() as tx:
        if not store.to_book(tx, 1):
            return 0
    with database.write() as tx:
        due = store.to_book(tx, LIMIT)
        for case in due:
            _book(tx, case)
        return len(due)


def _book(tx: Connection, case: dict[str, Any]) -> None:
    known = {row["kind"] for row in store.of_case(tx, case["case_id"])}
    worked = _worked(tx, case["case_id"])
    if Entry.PROMISED not in known:
        promised = case["benefit_cents"] if worked else 0
        basis = {"low_cents": case["benefit_low_cents"], "high_cents": case["benefit_high_cents"]}
        _add(tx, case, Entry.PROMISED, promised, basis)
    found = realised(_done(tx, case)) if worked else Realised(0, 0, 0, 0.0, "no work was done")
    _add(tx, case, Entry.REALISED, found.cents, {"finding": case["finding"], **asdict(found)})
    detail = {"realised_cents": found.cents, "words": found.words}
    audit.of_case(tx, case["case_id"], "booked the value", case["at_us"], detail)


def _worked(tx: Connection, case_id: str) -> bool:
    rows = cases.commands_of(tx, case_id)
    return any(r["kind"] != CommandKind.CANCEL and r["state"] in WORKED_STATES for r in rows)


def _done(tx: Connection, case: dict[str, Any]) -> Done:
    choices = alternatives_from_json(case["alternatives"])
    wait = next((a.cost_cents for a in choices if a.key == Choice.WAIT_FOR_ALARM), 0)
    return Done(
        finding=Finding(case["finding"]),
        grade=case["grade"] or "",
        probability=Evidence.from_json(case["evidence"]).probability,
        anyway_cents=wait,
        cost_cents=case["cost_cents"],
        failed_before_work=_failed_between(tx, case),
    )


def _failed_between(tx: Connection, case: dict[str, Any]) -> bool:
    """Did a failure stop the machine between the decision and the finding?"""
    d = t.downtimes.c
    query = select(func.count()).where(
        d.equipment_id == case["equipment_id"],
        func.lower(d.reason).in_(REASONS),
        d.start_us > case["decided_us"],
        d.start_us < case["at_us"],
    )
    return bool(tx.execute(query).scalar_one())


def _add(tx: Connection, case: dict[str, Any], kind: Entry, cents: int, basis: dict[str, Any]) -> None:
    row = {
        "case_id": case["case_id"],
        "kind": kind.value,
        "amount_cents": cents,
        "basis": canonical(basis),
        "entered_by": audit.SYSTEM,
        "at_us": case["at_us"],
        "entered_wall_us": wall_us(),
    }
    store.add(tx, row)
