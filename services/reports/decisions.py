"""The cases decided within a period, with the answer of each receiver."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, RowMapping, select

from data.store import tables as t
from domain.equipment import line_of
from domain.time_model import Span
from services.queries.common import names_of, people, under
from services.rows.reports import Answer, Decision


def decided(tx: Connection, scope: str, spans: Mapping[str, Span]) -> tuple[Decision, ...]:
    """In the order in which they were decided. `spans`: the period as each line lives it."""
    c = t.cases.c
    first, last = min(s.from_us for s in spans.values()), max(s.to_us for s in spans.values())
    rows = (
        tx.execute(
            select(t.cases)
            .where(under(c.equipment_id, scope), c.decided_us >= first, c.decided_us < last)
            .order_by(c.decided_us, c.number)
        )
        .mappings()
        .all()
    )
    rows = [row for row in rows if _within(row, spans)]
    names = names_of(tx, [row["equipment_id"] for row in rows])
    who = people(tx, [row["decided_by"] for row in rows])
    answers = _answers(tx, [row["case_id"] for row in rows])
    return tuple(
        Decision(
            row["number"],
            row["title"],
            names.get(row["equipment_id"], row["equipment_id"]),
            row["state"],
            who.get(row["decided_by"] or "", row["decided_by"] or ""),
            row["decided_us"],
            row["reason"],
            row["cost_cents"],
            row["benefit_cents"],
            tuple(answers[row["case_id"]]),
        )
        for row in rows
    )


def _within(row: RowMapping, spans: Mapping[str, Span]) -> bool:
    span = spans.get(line_of(row["equipment_id"]))
    return span is None or span.covers(row["decided_us"])


def _answers(tx: Connection, case_ids: Sequence[str]) -> dict[str, list[Answer]]:
    """The newest receipt of each order; an order without one tells its own state."""
    c, r = t.commands.c, t.receipts.c
    rows = tx.execute(
        select(c.case_id, c.command_id, c.queue, c.kind, c.state, r.status, r.detail, r.at_us)
        .join_from(t.commands, t.receipts, r.command_id == c.command_id, isouter=True)
        .where(c.case_id.in_(list(case_ids)))
        .order_by(c.position, r.at_us, r.received_wall_us)
    )
    newest: dict[str, tuple[str, Answer]] = {}
    for case_id, command_id, queue, kind, state, status, detail, at_us in rows:
        newest[command_id] = case_id, Answer(queue, kind, status or state, detail or "", at_us)
    found: dict[str, list[Answer]] = defaultdict(list)
    for case_id, answer in newest.values():
        found[case_id].append(answer)
    return found
