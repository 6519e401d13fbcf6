"""What the receivers answer: stored once, applied in any order, and drawn together in the case.

A receipt changes its command, the commands change the case (domain.cases.derive), and a finding
becomes the outcome. All of it in the caller's transaction.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from data.store import cases as store
from data.store import outbox
from domain.cases import (
    ABOUT_MODELS,
    NO_FAULT,
    UNDER_WAY,
    WORKED,
    CaseState,
    CommandView,
    answered,
    derive,
    to_take_back,
)
from domain.clock import wall_us
from domain.ids import new_id
from domain.messages import CommandKind, CommandState, Finding, Receipt, ReceiptStatus
from services import audit
from services.following import follow_up, is_worn_inspection
from services.proposal import cancel_of
from services.situation import Site, site_at

NOT_COMING = "never sent: the order that it waits for will not come"


def take(tx: Connection, receipt: Receipt) -> bool:
    """Store and apply one receipt. False when it was known, or answers no command of ours."""
    row = {name: getattr(receipt, name) for name in Receipt.__slots__}
    row |= {"status": receipt.status.value, "received_wall_us": wall_us()}
    row["finding"] = receipt.finding.value if receipt.finding else None
    if not store.add_receipt(tx, row):
        return False
    command = store.command(tx, receipt.command_id)
    if command is None:
        return False
    case = store.hold(tx, command["case_id"])
    if case is None:
        return False
    if case["kind"] in NO_FAULT:
        receipt = replace(receipt, finding=None)  # nothing at a machine is found there
    site = site_at(tx, case["site_id"])
    _apply(tx, command, receipt.detail)
    audit.of_case(
        tx, case["case_id"], f"{receipt.sender} answered: {receipt.status.value}", site.now_us, _said(receipt)
    )
    if receipt.finding is not None:
        _outcome(tx, case, receipt)
    settle(tx, case["case_id"], site)
    if receipt.finding is not None:
        follow_up(tx, case, receipt.finding, receipt.found_cause, site)
    return True


def _apply(tx: Connection, command: dict[str, Any], detail: str) -> None:
    """Bring a command in line with its receipts, and what it takes back or holds up with it."""
    current = CommandState(command["state"])
    known = [_receipt(row) for row in store.receipts_of(tx, command["command_id"])]
    gone = any(
        row["cancels"] == command["command_id"] and row["state"] in (CommandState.ACCEPTED, CommandState.DONE)
        for row in store.commands_of(tx, command["case_id"])
    )
    state = answered(current, known, taken_back=gone)
    if state is not current:
        store.set_command(tx, command["command_id"], state.value, wall_us(), detail)
    if state in (CommandState.REFUSED, CommandState.CANCELLED):
        drop_dependents(tx, command["case_id"], command["command_id"])
    target = store.command(tx, command["cancels"]) if command["cancels"] else None
    if target is not None and state in (CommandState.ACCEPTED, CommandState.DONE):
        _apply(tx, target, "taken back")


def _receipt(row: dict[str, Any]) -> Receipt:
    values = {name: row[name] for name in Receipt.__slots__}
    values["status"] = ReceiptStatus(row["status"])
    values["finding"] = Finding(row["finding"]) if row["finding"] else None
    return Receipt(**values)


def drop_dependents(tx: Connection, case_id: str, command_id: str) -> None:
    """Commands that wait for one that will not come are never sent."""
    for row in store.commands_of(tx, case_id):
        waits = row["depends_on"] == command_id and row["state"] == CommandState.QUEUED
        if waits and outbox.drop(tx, row["command_id"]):
            store.set_command(tx, row["command_id"], CommandState.CANCELLED.value, wall_us(), NOT_COMING)


def _outcome(tx: Connection, case: dict[str, Any], receipt: Receipt) -> None:
    known = store.outcome(tx, case["case_id"])
    if known is not None and known["at_us"] > receipt.at_us:
        return
    store.set_outcome(
        tx,
        {
            "case_id": case["case_id"],
            "finding": str(receipt.finding),
            "cause": receipt.found_cause,
            "reported_by": receipt.sender,
            "at_us": receipt.at_us,
            "reported_wall_us": wall_us(),
        },
    )


def views(rows: Sequence[dict[str, Any]]) -> list[CommandView]:
    """Stored commands as the rules see them."""
    return [
        CommandView(
            row["command_id"],
            CommandKind(row["kind"]),
            CommandState(row["state"]),
            row["cancels"],
            row["depends_on"],
        )
        for row in rows
    ]


def settle(tx: Connection, case_id: str, site: Site) -> None:
    """Bring the case's state and attention in line with its commands and its outcome."""
    case = store.hold(tx, case_id)
    if case is None or CaseState(case["state"]) not in WORKED:
        return
    rows = store.commands_of(tx, case_id)
    derived = derive(views(rows))
    if case["kind"] in ABOUT_MODELS:
        derived = replace(derived, attention=False)  # no receivers that could disagree
    found = store.outcome(tx, case_id)
    judged = found is not None and (
        derived.state not in UNDER_WAY or is_worn_inspection(tx, case, Finding(found["finding"]))
    )
    state = CaseState.JUDGED if judged else derived.state
    if (state.value, derived.attention) == (case["state"], bool(case["attention"])):
        return
    values: dict[str, Any] = {
        "state": state.value,
        "attention": derived.attention,
        "version": case["version"] + 1,
        "open_key": case["open_key"] if state in UNDER_WAY else None,
        "closed_us": None if state in UNDER_WAY else case["closed_us"] or site.now_us,
    }
    store.change(tx, case_id, case["version"], values)
    if derived.attention and not case["attention"]:
        audit.of_case(tx, case["case_id"], "needs attention", site.now_us, {"why": derived.why})
    _propose_cancels(tx, case, rows, derived.why)


def _propose_cancels(tx: Connection, case: dict[str, Any], rows: list[dict[str, Any]], why: str) -> None:
    """The desk proposes to take back what one receiver took although another refused."""
    held = {command.command_id for command in to_take_back(views(rows))}
    store.add_commands(
        tx,
        [
            cancel_row(case, row, rows, why, CommandState.PROPOSED)
            for row in rows
            if row["command_id"] in held
        ],
    )


def cancel_row(
    case: dict[str, Any],
    target: dict[str, Any],
    rows: Sequence[dict[str, Any]],
    reason: str,
    state: CommandState,
) -> dict[str, Any]:
    """A row of `commands` that takes back another."""
    position = 1 + max(row["position"] for row in rows)
    cancel = cancel_of(position, target["queue"], target["business_key"], target["command_id"], reason)
    return {
        "command_id": new_id(),
        "case_id": case["case_id"],
        "position": position,
        "queue": cancel.queue,
        "kind": cancel.kind.value,
        "state": state.value,
        "business_key": cancel.business_key,
        "payload": cancel.payload(),
        "depends_on": None,
        "cancels": target["command_id"],
        "detail": "",
        "changed_wall_us": wall_us(),
    }


def _said(receipt: Receipt) -> dict[str, Any]:
    said = {"receipt_id": receipt.receipt_id, "command_id": receipt.command_id, "detail": receipt.detail}
    return said | ({"finding": receipt.finding.value} if receipt.finding else {})
