"""One case with everything that hangs on it: commands, receipts, signatures, audit, course."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Actor, Permission
from data.store import signals
from data.store import tables as t
from domain.cases import NO_FAULT, UNDECIDED, CaseState, CommandView, derive
from domain.clock import Clock
from domain.equipment import line_of
from domain.errors import NotFound
from domain.evidence import Alternative, Evidence, Payload, alternatives_from_json
from domain.messages import CommandState
from domain.recommendation import as_of
from services import audit
from services.context import Context
from services.policy.current import default_action
from services.queries.approvals import approval_view, in_time
from services.queries.care import care_view
from services.queries.common import names_of, people, portions
from services.queries.course import course_of
from services.queries.predictions import newest_reading, prediction_view
from services.queries.set_points import moved
from services.queries.training import training_of
from services.rows.decide import AuditRow, CaseView, CommandRow, ReceiptRow, SignalRow, SignatureRow

DRAFTS = (
    "comment", "reject", "changes", "undo", "emergency", "ratify", "snooze", "assign", "ask", "answer",
)  # fmt: skip


def case_row(tx: Connection, actor: Actor, number: int) -> Mapping[str, Any]:
    """The row of the case with this number; NotFound outside the actor's scopes."""
    found = tx.execute(select(t.cases).where(t.cases.c.number == number)).mappings().one_or_none()
    if found is None or not (
        actor.may(Permission.SEE_CASES, found["equipment_id"])
        or actor.may(Permission.SEE_HISTORY, found["equipment_id"])
    ):
        raise NotFound(f"no case {number}")
    return dict(found)


def audit_rows(tx: Connection, case_id: str) -> tuple[AuditRow, ...]:
    """The audit entries of a case, oldest first, with names for account ids."""
    a = t.audit.c
    rows = tx.execute(
        select(a.entry, a.wall_us, a.plant_us, a.actor, a.action, a.detail, a.hash)
        .where(a.subject_kind == "case", a.subject_id == case_id)
        .order_by(a.entry)
    ).all()
    who = people(tx, [row.actor for row in rows])
    return tuple(AuditRow(*row[:3], who.get(row.actor, row.actor), *row[4:]) for row in rows)


def case_view(tx: Connection, context: Context, row: Mapping[str, Any]) -> CaseView:
    """The whole card, as this actor may see it at this moment."""
    actor, unit = context.actor, row["equipment_id"]
    line = line_of(unit)
    names, who = names_of(tx, (unit, line)), people(tx, (row["decided_by"], row["proposed_by"]))
    commands, entries = command_rows(tx, context, row["case_id"]), audit_rows(tx, row["case_id"])
    signatures = signatures_of(tx, context.clock, [row["case_id"]]).get(row["case_id"], ())
    approval = approval_view(tx, context, row)
    may_decide = actor.may(Permission(row["permission"]), unit)
    same = (
        "case_id number version kind attention title equipment_id opened_us deadline_us "
        "cost_cents benefit_cents benefit_low_cents benefit_high_cents reason advised decided_us"
    )
    return CaseView(
        **{name: row[name] for name in same.split()},
        state=CaseState(row["state"]),
        equipment_name=names.get(unit, unit),
        line_id=line,
        line_name=names.get(line, line),
        proposed_by=who.get(row["proposed_by"], row["proposed_by"]),
        attention_why=derive(_views(commands)).why if row["attention"] else "",
        seen=audit.said(tx, "case", row["case_id"], actor.account_id, "seen"),
        evidence=Evidence.from_json(row["evidence"]),
        alternatives=_alternatives(context, row),
        commands=commands,
        signatures=signatures,
        course=course_of(
            row,
            commands=commands,
            signatures=signatures,
            audit=entries,
            outcome=_outcome(tx, row),
            who=who,
        ),
        comments=tuple(entry for entry in entries if entry.action == "comment"),
        prediction=_prediction(tx, context, row),
        data_us=newest_reading(tx, [unit]).get(unit),
        may_decide=may_decide,
        may_comment=actor.may(Permission.COMMENT, unit),
        may_judge=row["kind"] not in NO_FAULT and actor.may(Permission.RECORD_OUTCOME, unit),
        blocked=approval.why_not if CaseState(row["state"]) in UNDECIDED else "",
        too_late=bool(in_time(context, row)),
        approval=approval,
        default_action=default_action(tx, row),
        care=care_view(tx, context, row),
        decided_by=who.get(row["decided_by"] or "", row["decided_by"] or ""),
        drafts=_drafts(tx, actor, row["case_id"]),
        signals=tuple(
            SignalRow(one["kind"], one["said_by"], one["at_us"], one["words"], one["source_id"])
            for one in signals.of_case(tx, row["case_id"])
        ),
        training=training_of(tx, row),
        moved=next(iter(moved(tx, t.cases.c.case_id == row["case_id"])), None),
    )


def _alternatives(context: Context, row: Mapping[str, Any]) -> tuple[Alternative, ...]:
    """As stored; while nobody has decided, no start is offered that has passed."""
    stored = alternatives_from_json(row["alternatives"])
    return as_of(stored, context.now_us) if CaseState(row["state"]) in UNDECIDED else stored


def command_rows(tx: Connection, context: Context, case_id: str) -> tuple[CommandRow, ...]:
    """The commands of a case in their order, each with its outbox row and its receipts."""
    c, o = t.commands, t.outbox.c
    rows = tx.execute(
        select(c, o.sent_wall_us, o.last_error)
        .join_from(c, t.outbox, o.message_id == c.c.command_id, isouter=True)
        .where(c.c.case_id == case_id)
        .order_by(c.c.position, c.c.command_id)
    ).mappings()
    every = [dict(row) for row in rows]
    answers = _receipts(tx, [row["command_id"] for row in every])
    return tuple(
        CommandRow(
            command_id=row["command_id"],
            position=row["position"],
            queue=row["queue"],
            state=CommandState(row["state"]),
            business_key=row["business_key"],
            payload=Payload.from_json(row["payload"]),
            detail=row["detail"],
            cancels=row["cancels"],
            depends_on=row["depends_on"],
            sent_us=_plant(context, row["sent_wall_us"]),
            trouble=row["last_error"] or "",
            receipts=answers.get(row["command_id"], ()),
        )
        for row in every
    )


def _views(commands: tuple[CommandRow, ...]) -> list[CommandView]:
    return [CommandView(c.command_id, c.payload.kind, c.state, c.cancels, c.depends_on) for c in commands]


def _plant(context: Context, wall_us: int | None) -> int | None:
    return None if wall_us is None else context.clock.plant_us(wall_us)


def _receipts(tx: Connection, command_ids: list[str]) -> dict[str, tuple[ReceiptRow, ...]]:
    r = t.receipts.c
    rows = tx.execute(
        select(r.command_id, r.sender, r.status, r.detail, r.finding, r.found_cause, r.at_us)
        .where(r.command_id.in_(command_ids))
        .order_by(r.at_us, r.received_wall_us, r.receipt_id)
    )
    found: dict[str, tuple[ReceiptRow, ...]] = {}
    for command_id, sender, status, detail, finding, cause, at_us in rows:
        row = ReceiptRow(sender, status, detail, finding or "", cause or "", at_us)
        found[command_id] = (*found.get(command_id, ()), row)
    return found


def signatures_of(
    tx: Connection, clock: Clock, case_ids: Sequence[str]
) -> dict[str, tuple[SignatureRow, ...]]:
    """The signatures under each of these cases, oldest first."""
    s, found = t.signatures.c, dict[str, tuple[SignatureRow, ...]]()
    for some in portions(case_ids):
        rows = tx.execute(
            select(s.case_id, s.printed_name, s.meaning, s.signed_wall_us, s.record_hash)
            .where(s.case_id.in_(some))
            .order_by(s.signed_wall_us)
        )
        for case_id, name, said, us, key in rows:
            row = SignatureRow(name, said, clock.plant_us(us), key)
            found[case_id] = (*found.get(case_id, ()), row)
    return found


def _prediction(tx: Connection, context: Context, row: Mapping[str, Any]) -> Any:
    if not row["prediction_id"] or not context.actor.may(Permission.SEE_PREDICTIONS, row["equipment_id"]):
        return None
    try:
        return prediction_view(tx, context.actor, row["prediction_id"], context.now_us)
    except NotFound:
        return None


def _outcome(tx: Connection, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    o = t.outcomes
    found = tx.execute(select(o).where(o.c.case_id == row["case_id"])).mappings().one_or_none()
    return None if found is None else dict(found)


def _drafts(tx: Connection, actor: Actor, case_id: str) -> dict[str, str]:
    d = t.drafts.c
    subjects = {f"{kind}:{case_id}": kind for kind in DRAFTS}
    mine = (d.account_id == actor.account_id) & d.subject.in_(subjects) & (d.content != "")
    rows = tx.execute(select(d.subject, d.content).where(mine))
    return {subjects[subject]: content for subject, content in rows}
