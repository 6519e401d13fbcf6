"""From signed orders to the outbox, and back again."""

from collections.abc import Sequence
from typing import Any

from data.store import cases as store
from data.store import outbox
from data.wire.orders import encode_command
from domain.clock import wall_us
from domain.errors import InvalidInput, NotFound, NotNow
from domain.evidence import (
    Alternative,
    Payload,
    ProposedCommand,
    alternatives_from_json,
    alternatives_to_json,
)
from domain.messages import Command, CommandKind, CommandState
from domain.policy import put_off
from domain.recommendation import AT_ONCE
from services.commands.acting import Work, note, save
from services.fallen import signers, starts, tell_fallen
from services.planning import propose, replanned
from services.receipts import cancel_row, drop_dependents

C = CommandState


def deadline_for(work: Work, start_us: int | None) -> int:
    """Until when the next approver has to decide."""
    return put_off(work.site.now_us, start_us, work.case["evidence_us"], work.case["deadline_us"])


def check_choice(choice: Alternative, commands: Sequence[ProposedCommand], now_us: int) -> None:
    """Raise when the choice sends nothing, cannot be done, or lies in the past."""
    if not commands:
        raise InvalidInput("this choice sends nothing; reject the advice instead")
    if not choice.fits:
        raise NotNow(choice.why_not)
    if choice.start_us is None or choice.start_us < now_us:
        raise NotNow("the start lies in the past")


def with_choice(stored: str, choice: Alternative) -> str:
    """The stored alternatives, and the one that a person chose beside them."""
    others = tuple(a for a in alternatives_from_json(stored) if a.key != choice.key)
    if len(others) < len(alternatives_from_json(stored)):
        return stored
    return alternatives_to_json((*others, choice))


def retimed(work: Work) -> Work:
    """Orders to be started at once keep that meaning when the decision took a while.

    Another start that has passed is refused: the person chooses a new one. Where somebody has signed already,
    the orders are proposed anew: new ids, a new version, and the signatures so far count no longer.
    """
    now, case = work.site.now_us, work.case
    before = starts(work.tx, case["case_id"])
    if all(start >= now for start in before):
        return work
    if case["advised"] not in AT_ONCE:
        raise NotNow("the planned start has passed; choose another one")
    plan = replanned(work.tx, case, now)
    commands = plan.commands(next(a for a in plan.advice.alternatives if a.key == case["advised"]))
    rows = [r for r in store.commands_of(work.tx, case["case_id"]) if r["state"] == C.PROPOSED]
    if [(c.kind, c.queue) for c in commands] != [(row["kind"], row["queue"]) for row in rows]:
        raise NotNow("the situation has changed since this was proposed; choose again")
    signed = signers(work.tx, case)
    if signed:
        propose(work.tx, case["case_id"], commands, wall_us())
        work = save(work, {"version": case["version"] + 1})
        tell_fallen(work.tx, work.site, work.case, signed, "its start had passed")
    else:
        for row, command in zip(rows, commands, strict=True):
            store.set_payload(work.tx, row["command_id"], command.payload())
    moved = {
        "starts_before_us": before,
        "starts_us": starts(work.tx, case["case_id"]),
        "fallen": list(signed),
    }
    note(work, "start moved on", moved)
    return work


def _payload(row: dict[str, Any]) -> Payload:
    return Payload.from_json(row["payload"])


def queue(work: Work, row: dict[str, Any], now_wall_us: int) -> None:
    """Put one order into the outbox. What the desk does itself only waits until it is taken up."""
    if row["kind"] == CommandKind.RETRAINING:
        store.set_command(work.tx, row["command_id"], C.QUEUED.value, now_wall_us)
        return
    payload = _payload(row)
    command = Command(
        command_id=row["command_id"],
        queue=row["queue"],
        business_key=row["business_key"],
        kind=payload.kind,
        work=payload.work,
        created_us=work.site.now_us,
    )
    outbox.add(work.tx, row["command_id"], row["queue"], encode_command(command), now_wall_us)
    store.set_command(work.tx, row["command_id"], C.QUEUED.value, now_wall_us)


def take_back(work: Work, command_ids: Sequence[str] | None, reason: str) -> list[str]:
    """Drop or cancel orders (None: all that can be); returns the ids of those concerned."""
    rows = {r["command_id"]: r for r in store.commands_of(work.tx, work.case["case_id"])}
    unknown = set(command_ids or ()) - rows.keys()
    if unknown:
        raise NotFound("no such order in this case")
    wanted = [
        row
        for row in rows.values()
        if row["kind"] != CommandKind.CANCEL
        and (command_ids is None or row["command_id"] in command_ids or _proposed_for(rows, row, command_ids))
        and row["state"] in (C.QUEUED, C.SENT, C.ACCEPTED)
    ]
    if not wanted:
        raise NotNow("there is nothing left to take back")
    for row in wanted:
        _take_one_back(work, row, reason)
    return [row["command_id"] for row in wanted]


def _proposed_for(rows: dict[str, dict[str, Any]], row: dict[str, Any], command_ids: Sequence[str]) -> bool:
    """The person named the Cancel that the desk proposed, instead of the order itself."""
    return any(rows[i]["cancels"] == row["command_id"] for i in command_ids)


def _take_one_back(work: Work, row: dict[str, Any], reason: str) -> None:
    now, case_id = wall_us(), work.case["case_id"]
    if row["kind"] == CommandKind.RETRAINING:
        if row["state"] != C.QUEUED:
            raise NotNow("the training is running; dismiss its challenger when it is done")
        store.set_command(work.tx, row["command_id"], C.CANCELLED.value, now, "taken back before it was run")
        return
    if row["state"] == C.QUEUED and outbox.drop(work.tx, row["command_id"]):
        store.set_command(work.tx, row["command_id"], C.CANCELLED.value, now, "taken back before it was sent")
        drop_dependents(work.tx, case_id, row["command_id"])
        return
    rows = store.commands_of(work.tx, case_id)
    known = [r for r in rows if r["cancels"] == row["command_id"] and r["state"] != C.CANCELLED]
    cancel = next((r for r in known if r["state"] == C.PROPOSED), None)
    if any(r["state"] in (C.QUEUED, C.SENT) for r in known):
        raise NotNow("this order is being taken back already")
    if cancel is None:
        cancel = cancel_row(work.case, row, rows, reason, C.PROPOSED)
        store.add_commands(work.tx, [cancel])
    queue(work, cancel, now)
