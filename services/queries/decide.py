"""Reads for the inbox, the case card and the history."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from auth.permissions import Actor, Permission
from data.store import tables as t
from domain.cases import UNDECIDED, CaseState
from domain.equipment import line_of
from services.context import Context
from services.queries import handover as handovers
from services.queries.care import colleagues
from services.queries.cases import audit_rows, case_row, case_view, signatures_of
from services.queries.common import in_scope, names_of, people, portions, under
from services.queries.inbox import first, open_lines, open_rows
from services.queries.set_points import verdicts
from services.rows.care import Colleague, HandoverView
from services.rows.decide import AuditRow, CaseView, HistoryFilter, HistoryRow, Inbox, SignatureRow

_C = t.cases.c
_CLOSED = tuple(s.value for s in CaseState if s not in UNDECIDED)


class DecideQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._inboxes: dict[str, Inbox] = {}

    def inbox(self, line_id: str = "") -> Inbox:
        """Open cases: those that wait for a decision, mine first and by deadline; then those under way.

        Read once for a run of a screen, however many of its parts show it.
        """
        if line_id not in self._inboxes:
            self._inboxes[line_id] = self._read_inbox(line_id)
        return self._inboxes[line_id]

    def inbox_lines(self) -> tuple[tuple[str, str], ...]:
        """(id, name) of the lines that have open cases."""
        self._context.actor.require(Permission.SEE_CASES)
        with self._context.database.read() as tx:
            return open_lines(tx, self._context)

    def _read_inbox(self, line_id: str) -> Inbox:
        c = self._context
        c.actor.require(Permission.SEE_CASES)
        with c.database.read() as tx:
            rows = open_rows(tx, c, line_id)
            lines = open_lines(tx, c)
        undecided = [r for r in rows if r.state in UNDECIDED]
        return Inbox(
            waiting=tuple(sorted((r for r in undecided if r.snoozed_until_us is None), key=first)),
            aside=tuple(sorted((r for r in undecided if r.snoozed_until_us is not None), key=first)),
            under_way=tuple(
                sorted(
                    (r for r in rows if r.state not in UNDECIDED),
                    key=lambda r: (not r.attention, r.opened_us),
                )
            ),
            lines=lines,
        )

    def machines(self) -> tuple[tuple[str, str], ...]:
        """(id, name) of the machines for which the actor may raise a case."""
        c, e = self._context, t.equipment.c
        c.actor.require(Permission.RAISE_CASE)
        units = select(e.equipment_id, e.name).where(
            e.level == "unit",
            e.assigned,
            e.removed_us.is_(None),
            in_scope(e.equipment_id, c.actor),
            under(e.equipment_id, c.site.site_id),
        )
        with c.database.read() as tx:
            return tuple((row.equipment_id, row.name) for row in tx.execute(units.order_by(e.equipment_id)))

    def lines(self) -> tuple[tuple[str, str], ...]:
        """(id, name) of the lines of the site that the actor may see."""
        c, e = self._context, t.equipment.c
        c.actor.require(Permission.SEE_HISTORY)
        lines = select(e.equipment_id, e.name).where(
            e.level == "line", in_scope(e.equipment_id, c.actor), under(e.equipment_id, c.site.site_id)
        )
        with c.database.read() as tx:
            return tuple((row.equipment_id, row.name) for row in tx.execute(lines.order_by(e.equipment_id)))

    def open_count(self) -> int:
        """How many cases wait for a decision within the actor's scopes."""
        c = self._context
        c.actor.require(Permission.SEE_CASES)
        with c.database.read() as tx:
            waiting = _C.state.in_([s.value for s in UNDECIDED])
            mine = in_scope(_C.equipment_id, c.actor) & (_C.site_id == c.site.site_id)
            return int(tx.execute(select(func.count()).where(waiting, mine)).scalar_one())

    def case(self, number: int) -> CaseView:
        """The case with this number; NotFound when there is none that the actor may see."""
        self._context.actor.require(Permission.SEE_CASES)
        with self._context.database.read() as tx:
            return case_view(tx, self._context, case_row(tx, self._context.actor, number))

    def colleagues(self, equipment_id: str) -> tuple[Colleague, ...]:
        """Whom a case of this machine can be given to, or who can be asked about it."""
        return colleagues(self._context, equipment_id)

    def handover_lines(self) -> tuple[tuple[str, str], ...]:
        """(id, name) of the lines that the actor sees."""
        c, e = self._context, t.equipment.c
        c.actor.require(Permission.SEE_CASES)
        lines = select(e.equipment_id, e.name).where(
            e.level == "line", in_scope(e.equipment_id, c.actor), under(e.equipment_id, c.site.site_id)
        )
        with c.database.read() as tx:
            return tuple((row.equipment_id, row.name) for row in tx.execute(lines.order_by(e.equipment_id)))

    def handover(self, line_id: str) -> HandoverView:
        """What the running shift of a line hands over."""
        return handovers.current(self._context, line_id)

    def handovers(self, line_id: str) -> tuple[HandoverView, ...]:
        """The signed handovers of a line, newest first."""
        return handovers.earlier(self._context, line_id)

    def history(self, wanted: HistoryFilter) -> tuple[HistoryRow, ...]:
        """Cases that wait no longer, newest decision first."""
        c = self._context
        c.actor.require(Permission.SEE_HISTORY)
        conditions = [
            _C.state.in_([wanted.state] if wanted.state else _CLOSED),
            _C.opened_us >= wanted.from_us,
            *([_C.cause == wanted.cause] if wanted.cause else []),
            *([under(_C.equipment_id, wanted.line_id)] if wanted.line_id else []),
        ]
        with c.database.read() as tx:
            found = _decided(tx, c.actor, c.site.site_id, wanted.limit, *conditions)
            names = names_of(
                tx, [n for row in found for n in (row["equipment_id"], line_of(row["equipment_id"]))]
            )
            who = people(tx, [row["decided_by"] for row in found] + [row["proposed_by"] for row in found])
            ids = [row["case_id"] for row in found]
            outcomes, signed = _outcomes(tx, ids), signatures_of(tx, c.clock, ids)
            came = verdicts(tx, ids)
        return tuple(
            _history_row(row, names, who, outcomes.get(i, ("", "")), signed.get(i, ()), came.get(i, ""))
            for i, row in zip(ids, found, strict=True)
        )

    def audit(self, number: int) -> tuple[AuditRow, ...]:
        """The audit of one case, oldest first."""
        self._context.actor.require(Permission.SEE_HISTORY)
        with self._context.database.read() as tx:
            return audit_rows(tx, case_row(tx, self._context.actor, number)["case_id"])


def _decided(
    tx: Connection, actor: Actor, site_id: str, limit: int | None, *conditions: ColumnElement[bool]
) -> list[Mapping[str, Any]]:
    """Newest first, without the long texts that no list shows."""
    columns = [c for c in t.cases.c if c.name not in ("evidence", "alternatives")]
    rows = tx.execute(
        select(*columns)
        .where(in_scope(_C.equipment_id, actor), _C.site_id == site_id, *conditions)
        .order_by(func.coalesce(_C.decided_us, _C.closed_us, _C.opened_us).desc(), _C.number.desc())
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def _outcomes(tx: Connection, case_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    o = t.outcomes.c
    found: dict[str, tuple[str, str]] = {}
    for some in portions(case_ids):
        rows = tx.execute(select(o.case_id, o.finding, o.cause).where(o.case_id.in_(some)))
        found |= {case_id: (finding, cause) for case_id, finding, cause in rows}
    return found


def _history_row(
    row: Mapping[str, Any],
    names: Mapping[str, str],
    who: Mapping[str, str],
    outcome: tuple[str, str],
    signatures: tuple[SignatureRow, ...],
    came: str,
) -> HistoryRow:
    unit, line = row["equipment_id"], line_of(row["equipment_id"])
    return HistoryRow(
        number=row["number"],
        kind=row["kind"],
        title=row["title"],
        equipment_name=names.get(unit, unit),
        line_name=names.get(line, line),
        cause=row["cause"],
        state=CaseState(row["state"]),
        attention=row["attention"],
        opened_us=row["opened_us"],
        decided_us=row["decided_us"],
        closed_us=row["closed_us"],
        decided_by=who.get(row["decided_by"] or "", row["decided_by"] or ""),
        proposed_by=who.get(row["proposed_by"], row["proposed_by"]),
        reason=row["reason"],
        cost_cents=row["cost_cents"],
        benefit_cents=row["benefit_cents"],
        finding=outcome[0],
        found_cause=outcome[1],
        signatures=signatures,
        came=came,
    )
