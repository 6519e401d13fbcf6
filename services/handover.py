"""What one shift has to tell the next: collected from the desk's own records."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from data.store import alarms
from data.store import tables as t
from domain.cases import NO_FAULT, UNDECIDED, CaseState
from domain.clock import HOUR, MINUTE
from domain.evidence import canonical, parsed
from services.queries.common import names_of, people, under
from services.rows.care import HandoverItem

SHORT_STOP_US = 5 * MINUTE
NO_REASON = ("", "unknown", "none", "unspecified")
LOOK_BACK_US = 12 * HOUR


def collect(tx: Connection, line_id: str, now_us: int) -> tuple[HandoverItem, ...]:
    """Open and unfinished cases, emergencies, silent alarms, ignored sensors, stops without a reason."""
    cases = _cases(tx, line_id)
    return (
        *_undecided(tx, cases, now_us),
        *_unratified(tx, cases),
        *_unfinished(tx, cases),
        *_alarms(tx, line_id, now_us),
        *_ignored(tx, line_id, now_us),
        *_stops(tx, line_id, now_us),
    )


def to_json(items: Sequence[HandoverItem]) -> str:
    """As it is signed and kept."""
    return canonical([asdict(item) for item in items])


def from_json(text: str) -> tuple[HandoverItem, ...]:
    """The inverse of `to_json`."""
    return tuple(HandoverItem(**row) for row in parsed(text, "handover"))


def _cases(tx: Connection, line_id: str) -> list[dict[str, Any]]:
    c = t.cases.c
    to_find = and_(c.state == CaseState.DONE.value, c.kind.not_in(NO_FAULT))
    unfinished = or_(c.open_key.is_not(None), to_find)
    query = (
        select(t.cases).where(under(c.equipment_id, line_id), unfinished).order_by(c.deadline_us, c.number)
    )
    return [dict(row) for row in tx.execute(query).mappings()]


def _undecided(tx: Connection, cases: Sequence[dict[str, Any]], now_us: int) -> Iterator[HandoverItem]:
    ids = [c["case_id"] for c in cases if c["state"] in UNDECIDED]
    care = {r["case_id"]: r for r in tx.execute(select(t.care).where(t.care.c.case_id.in_(ids))).mappings()}
    who = people(tx, [r["assigned_to"] for r in care.values()])
    for case in cases:
        if case["state"] not in UNDECIDED:
            continue
        kept = care.get(case["case_id"])
        asleep = kept is not None and (kept["snoozed_until_us"] or 0) > now_us
        text = case["title"]
        if kept is not None and asleep:
            text += f" (put aside: {kept['snooze_reason']})"
        if kept is not None and kept["assigned_to"] in who:
            text += f", with {who[kept['assigned_to']]}"
        yield HandoverItem("Put aside" if asleep else "To decide", text, case["number"], case["deadline_us"])


def _unratified(tx: Connection, cases: Sequence[dict[str, Any]]) -> Iterator[HandoverItem]:
    r, known = t.ratifications.c, {c["case_id"]: c for c in cases}
    rows = tx.execute(select(r.case_id, r.reason, r.due_us).where(r.state == "waiting", r.case_id.in_(known)))
    for case_id, reason, due_us in rows:
        case = known[case_id]
        yield HandoverItem("To ratify", f"{case['title']} (done alone: {reason})", case["number"], due_us)


def _unfinished(tx: Connection, cases: Sequence[dict[str, Any]]) -> Iterator[HandoverItem]:
    c = t.commands.c
    ids = [x["case_id"] for x in cases if x["state"] not in UNDECIDED]
    waiting = tx.execute(
        select(c.case_id, c.queue).where(c.case_id.in_(ids), c.state.in_(("queued", "sent")))
    ).all()
    for case in cases:
        if case["case_id"] not in ids:
            continue
        queues = sorted({row.queue for row in waiting if row.case_id == case["case_id"]})
        if case["attention"]:
            yield HandoverItem("Needs a look", f"{case['title']}: receivers disagree", case["number"], None)
        elif queues:
            text = f"{case['title']}: no answer yet from {', '.join(queues)}"
            yield HandoverItem("Receipt pending", text, case["number"], None)
        else:
            kind = "Finding pending" if case["state"] == CaseState.DONE else "Under way"
            yield HandoverItem(kind, case["title"], case["number"], None)


def _alarms(tx: Connection, line_id: str, now_us: int) -> Iterator[HandoverItem]:
    """Alarms that are kept silent, and would otherwise be forgotten."""
    a = t.alarm_states.c
    newest = alarms.newest().subquery()
    d = newest.c
    rows = tx.execute(
        select(d.equipment_id, d.name, a.shelved_until_us, a.out_of_service, a.since_us, a.note)
        .join_from(t.alarm_states, newest, d.alarm_id == a.alarm_id)
        .where(under(d.equipment_id, line_id), or_(a.shelved_until_us > now_us, a.out_of_service))
        .order_by(d.equipment_id, d.name)
    ).all()
    names = names_of(tx, [row.equipment_id for row in rows])
    for row in rows:
        text = f"{names.get(row.equipment_id, row.equipment_id)}: {row.name}"
        text += f" ({row.note})" if row.note else ""
        if row.out_of_service:
            yield HandoverItem("Alarm out of service since", text, None, row.since_us)
        else:
            yield HandoverItem("Alarm shelved until", text, None, row.shelved_until_us)


def _ignored(tx: Connection, line_id: str, now_us: int) -> Iterator[HandoverItem]:
    i = t.ignored_inputs.c
    rows = tx.execute(
        select(i.equipment_id, i.metric, i.until_us, i.reason)
        .where(under(i.equipment_id, line_id), i.from_us <= now_us, i.until_us > now_us)
        .order_by(i.until_us)
    ).all()
    names = names_of(tx, [row.equipment_id for row in rows])
    for unit, metric, until_us, reason in rows:
        text = f"{names.get(unit, unit)}: {metric.replace('_', ' ')} is ignored ({reason})"
        yield HandoverItem("Sensor ignored until", text, None, until_us)


def _stops(tx: Connection, line_id: str, now_us: int) -> Iterator[HandoverItem]:
    d = t.downtimes.c
    rows = tx.execute(
        select(d.equipment_id, d.start_us, d.end_us, d.reason)
        .where(under(d.equipment_id, line_id), d.planned.is_(False), d.start_us > now_us - LOOK_BACK_US)
        .where(d.start_us <= now_us)
        .order_by(d.start_us)
    ).all()
    names = names_of(tx, [row.equipment_id for row in rows])
    silent: dict[str, list[tuple[int, int]]] = {}
    for unit, start_us, end_us, reason in rows:
        name, told = names.get(unit, unit), reason.lower() not in NO_REASON
        if end_us is None or end_us > now_us:
            yield HandoverItem("Standing since", f"{name}{f': {reason}' if told else ''}", None, start_us)
        elif not told and end_us - start_us >= SHORT_STOP_US:
            silent.setdefault(name, []).append((start_us, end_us))
    for name, stops in silent.items():
        long = round(sum(end - start for start, end in stops) / MINUTE)
        text = f"{name}: {len(stops)} {'stop' if len(stops) == 1 else 'stops'}, {long} min"
        yield HandoverItem("Stops without a reason, since", text, None, stops[0][0])
