"""The course of a case: what has happened, in order of plant time, and what is still to come."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from domain.cases import ABOUT_MODELS, ABOUT_SETTINGS, NO_FAULT, UNDECIDED, UNDER_WAY, CaseState
from domain.messages import CommandKind, CommandState, Finding
from domain.set_points import RUNS
from services.rows.decide import AuditRow, CommandRow, CourseStep, SignatureRow

FINDINGS = {
    Finding.FAILED: "the part had failed",
    Finding.DEGRADED: "the part was worn",
    Finding.NOTHING_FOUND: "nothing was found",
    Finding.OTHER_FAULT: "another fault was found",
}
_ENDED = {
    CaseState.REJECTED: "Rejected",
    CaseState.EXPIRED: "Expired without a decision",
    CaseState.WITHDRAWN: "Withdrawn",
}
_NAMES = {CommandKind.CANCEL: "Cancel", CommandKind.SET_POINT_CHANGE: "Request"}
_ANSWERS = {
    "accepted": "accepted",
    "refused": "refused",
    "done": "reports the work done",
    "cancelled": "took it back",
}


def receiver(queue: str) -> str:
    """`mes.line-3` as people say it: `MES line 3`."""
    system, _, name = queue.partition(".")
    if system == "desk":
        return "This desk"
    return f"{system.upper()} {name.replace('-', ' ')}".strip()


def course_of(
    case: Mapping[str, Any],
    *,
    commands: Sequence[CommandRow],
    signatures: Sequence[SignatureRow],
    audit: Sequence[AuditRow],
    outcome: Mapping[str, Any] | None,
    who: Mapping[str, str],
) -> tuple[CourseStep, ...]:
    """What happened, oldest first, then what is to come (without a time)."""
    proposer = who.get(case["proposed_by"]) or _model(case["proposed_by"])
    past = [CourseStep(case["opened_us"], f"Proposed by {proposer}")]
    past += [step for entry in audit for step in _noted(entry)]
    past += [CourseStep(s.signed_us, f"Signed by {s.printed_name}: {s.meaning}") for s in signatures]
    past += list(_ended(case, who))
    for command in commands:
        past += list(_command_steps(command))
    if outcome is not None:
        past.append(
            CourseStep(outcome["at_us"], f"Finding: {finding_text(outcome['finding'], outcome['cause'])}")
        )
    past.sort(key=lambda step: step.at_us or 0)
    return (*_joined(past), *_next(case, commands, outcome is not None))


def _model(name: str) -> str:
    """`plant_failure 20261121-9a47` as people call it: `the plant failure model`."""
    first, _, version = name.partition(" ")
    return f"the {first.replace('_', ' ')} model" if version else name


def finding_text(finding: str, cause: str) -> str:
    """A finding in words, with the cause that was found."""
    words = FINDINGS.get(Finding(finding), finding) if finding in set(Finding) else finding.replace("_", " ")
    return f"{words} ({cause.replace('_', ' ')})" if cause else words


def _joined(past: Sequence[CourseStep]) -> Iterator[CourseStep]:
    """Steps that only repeat the one before are told once, with their number and the newest time."""
    for text, group in groupby(past, key=lambda step: step.text):
        steps = list(group)
        times = f" ({len(steps)} times)" if len(steps) > 1 else ""
        yield replace(steps[-1], text=text + times)


def _noted(entry: AuditRow) -> Iterator[CourseStep]:
    """What only the audit knows: who saw it, renewals, remarks, changes proposed to somebody else."""
    told = json.loads(entry.detail or "{}")
    said = told.get("text") or told.get("reason") or told.get("why") or told.get("choice") or ""
    match entry.action:
        case "seen":
            yield CourseStep(entry.plant_us, f"Seen by {entry.actor}")
        case "approved" if told.get("reason"):
            yield CourseStep(entry.plant_us, f"{entry.actor}, why changed: {told['reason']}")
        case "comment":
            yield CourseStep(entry.plant_us, f"{entry.actor}: {said}")
        case "proposal renewed on newer data":
            yield CourseStep(entry.plant_us, "Proposal renewed on newer data")
        case "proposed a change above the own limit":
            yield CourseStep(entry.plant_us, f"{entry.actor} proposes a change above the own limit: {said}")
        case "took orders back":
            yield CourseStep(entry.plant_us, f"{entry.actor} takes orders back: {said}")
        case "judged by its operations":
            yield CourseStep(entry.plant_us, f"What came of it: {said}")
        case "not sent":
            yield CourseStep(entry.plant_us, f"The request was not sent: {said}", alarming=True)
        case "training began":
            yield CourseStep(entry.plant_us, "The training began")
        case "a challenger was made" | "training was refused" | "training was broken off":
            bad = entry.action == "training was refused"
            yield CourseStep(entry.plant_us, f"The training {said}", alarming=bad)
        case "needs attention":
            yield CourseStep(entry.plant_us, f"Needs a look: {said}", alarming=True)


def _ended(case: Mapping[str, Any], who: Mapping[str, str]) -> Iterator[CourseStep]:
    words = _ENDED.get(CaseState(case["state"]))
    if words is None and CaseState(case["state"]) is CaseState.JUDGED and not case["decided_us"]:
        words = "Closed without a decision"
    if words is None:
        return
    by = case["decided_by"]
    tail = f" by {who.get(by, by)}" if by else ""
    reason = f": {case['reason']}" if case["reason"] else ""
    yield CourseStep(case["decided_us"] or case["closed_us"], f"{words}{tail}{reason}")


def _command_steps(command: CommandRow) -> Iterator[CourseStep]:
    to = receiver(command.queue)
    said = _NAMES.get(command.payload.kind, "Order")
    if command.sent_us is not None:
        yield CourseStep(command.sent_us, f"{said} sent to {to}")
    elif command.state is CommandState.QUEUED and command.trouble:
        yield CourseStep(
            None, f"{said} for {to} waits, it could not be sent: {command.trouble}", alarming=True
        )
    for answer in command.receipts:
        words = _ANSWERS.get(answer.status, answer.status)
        detail = f": {answer.detail}" if answer.detail else ""
        found = f". Found: {finding_text(answer.finding, answer.found_cause)}" if answer.finding else ""
        at_us = max(answer.at_us, command.sent_us or 0)  # the receiver's clock may be a little behind
        yield CourseStep(at_us, f"{to} {words}{detail}{found}", alarming=answer.status == "refused")


def _next(case: Mapping[str, Any], commands: Sequence[CommandRow], judged: bool) -> Iterator[CourseStep]:
    state = CaseState(case["state"])
    if case["kind"] not in ABOUT_MODELS:
        yield from _to_come(state, commands, judged or case["kind"] in NO_FAULT)
        if case["kind"] in ABOUT_SETTINGS and state in UNDECIDED | UNDER_WAY | {CaseState.DONE}:
            yield CourseStep(None, f"Bad parts before and after, once {RUNS} operations have run with it")
        return
    if state in UNDECIDED:
        yield CourseStep(None, "Decision and signature")
    if state in UNDECIDED | {CaseState.APPROVED}:
        yield CourseStep(None, "Training, by python -m runtime retrain")
    if state in UNDECIDED | UNDER_WAY:
        yield CourseStep(None, "A challenger in the shadow, before its gates")


def _to_come(state: CaseState, commands: Sequence[CommandRow], judged: bool) -> Iterator[CourseStep]:
    live = [c for c in commands if c.state not in (CommandState.CANCELLED, CommandState.REFUSED)]
    names = ", ".join(dict.fromkeys(receiver(c.queue) for c in live))
    if state in UNDECIDED:
        yield CourseStep(None, "Decision and signature")
    unsent = [c for c in live if c.sent_us is None and not c.receipts and not c.trouble]
    if unsent and state in UNDECIDED | UNDER_WAY:
        yield CourseStep(None, f"Sent to {', '.join(dict.fromkeys(receiver(c.queue) for c in unsent))}")
    if any(not c.receipts for c in live) and state in UNDECIDED | UNDER_WAY:
        waiting = dict.fromkeys(receiver(c.queue) for c in live if not c.receipts)
        yield CourseStep(None, f"Receipts of {', '.join(waiting)}" if names else "Receipts")
    if not judged and state in UNDECIDED | UNDER_WAY | {CaseState.DONE}:
        yield CourseStep(None, "Finding of the technician: was the advice right?")
