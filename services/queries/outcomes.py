"""Reads for the findings of technicians and for the ledger of values."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select

from auth.permissions import Permission
from data.store import tables as t
from domain.cases import NO_FAULT, WORKED, CaseState
from domain.clock import DAY
from domain.equipment import line_of
from domain.errors import NotFound
from domain.value import Entry
from services.commands.outcomes import photo_of
from services.context import Context
from services.queries.common import in_scope, names_of, people
from services.rows.outcomes import Findings, Found, Ledger, ToFind, ValueRow
from services.situation import causes_of

_C, _O = t.cases.c, t.outcomes.c
WANTED = tuple(s.value for s in (*WORKED, CaseState.REJECTED, CaseState.EXPIRED) if s != CaseState.CANCELLED)
RECENT_US = 30 * DAY
SHOWN = 30


class OutcomeQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def findings(self) -> Findings:
        """Cases whose finding is missing, work done first; and what was found lately."""
        c = self._context
        c.actor.require(Permission.RECORD_OUTCOME)
        mine = in_scope(_C.equipment_id, c.actor) & (_C.site_id == c.site.site_id)
        with c.database.read() as tx:
            missing = tx.execute(
                select(t.cases)
                .join_from(t.cases, t.outcomes, _O.case_id == _C.case_id, isouter=True)
                .where(mine, _C.state.in_(WANTED), _O.case_id.is_(None))
                .where(_C.kind.not_in(NO_FAULT))
                .where(_C.opened_us > c.now_us - RECENT_US)
                .order_by(_C.opened_us.desc())
                .limit(SHOWN)
            ).mappings()
            rows = sorted(
                (dict(row) for row in missing), key=lambda r: r["state"] not in ("done", "accepted")
            )
            names = _names(tx, rows)
            waiting = tuple(_to_find(tx, row, names) for row in rows)
            return Findings(waiting, self._found(tx, mine))

    def to_find(self, case_id: str) -> ToFind:
        """One case to record a finding of, whatever its state; NotFound outside the actor's scopes."""
        c = self._context
        c.actor.require(Permission.RECORD_OUTCOME)
        with c.database.read() as tx:
            wanted = select(t.cases).where(_C.case_id == case_id, in_scope(_C.equipment_id, c.actor))
            row = tx.execute(wanted).mappings().one_or_none()
            if row is None:
                raise NotFound("there is no such case")
            return _to_find(tx, dict(row), _names(tx, [dict(row)]))

    def _found(self, tx: Connection, mine: Any) -> tuple[Found, ...]:
        d = t.outcome_details.c
        rows = [
            dict(row)
            for row in tx.execute(
                select(
                    _C.case_id, _C.number, _C.title, _C.equipment_id, _O.finding, _O.cause, _O.reported_by,
                    _O.at_us, func.coalesce(d.grade, "").label("grade"),
                    func.coalesce(d.photo_sha256, "").label("photo"),
                )
                .join_from(t.cases, t.outcomes, _O.case_id == _C.case_id)
                .join(t.outcome_details, d.case_id == _C.case_id, isouter=True)
                .where(mine)
                .order_by(_O.reported_wall_us.desc())
                .limit(10)
            ).mappings()
        ]  # fmt: skip
        names, who = _names(tx, rows), people(tx, [row["reported_by"] for row in rows])
        views = _views(tx, [row["case_id"] for row in rows])
        return tuple(
            Found(
                row["number"], row["title"], names.get(row["equipment_id"], row["equipment_id"]),
                row["finding"], row["grade"], row["cause"],
                who.get(row["reported_by"], row["reported_by"]), row["at_us"], row["photo"],
                *views.get(row["case_id"], (0, 0)),
            )
            for row in rows
        )  # fmt: skip

    def photo(self, sha256: str) -> bytes:
        """A photo of a case within the actor's scopes (JPEG)."""
        self._context.actor.require(Permission.SEE_CASES)
        with self._context.database.read() as tx:
            mine = in_scope(_C.equipment_id, self._context.actor)
            d, p = t.outcome_details.c, t.photos.c  # the same picture may stand on several cases
            shown = select(d.case_id).where(d.photo_sha256 == sha256)
            taken = select(p.case_id).where(p.sha256 == sha256)
            seen = select(_C.case_id).where(mine, _C.case_id.in_(shown) | _C.case_id.in_(taken))
            if tx.execute(seen.limit(1)).first() is None:
                return photo_of(tx, "")
            return photo_of(tx, sha256)

    def ledger(self, from_us: int = 0) -> Ledger:
        """The value of every booked case since a plant time, newest first."""
        c, v = self._context, t.value_entries.c
        c.actor.require(Permission.SEE_HISTORY)
        with c.database.read() as tx:
            rows = [
                dict(row)
                for row in tx.execute(
                    select(t.value_entries, _C.number, _C.title, _C.equipment_id)
                    .join_from(t.value_entries, t.cases, _C.case_id == v.case_id)
                    .where(in_scope(_C.equipment_id, c.actor), _C.site_id == c.site.site_id)
                    .order_by(v.entry_id)
                ).mappings()
            ]
            names, who = _names(tx, rows), people(tx, [row["entered_by"] for row in rows])
        by_case: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            by_case.setdefault(row["case_id"], []).append(row)
        made = [_value(lines, names, who) for lines in by_case.values()]
        shown = [row for row in made if row.booked_us >= from_us]
        shown.sort(key=lambda row: (row.booked_us, row.number), reverse=True)
        return Ledger(tuple(shown), c.actor.may(Permission.CONFIRM_VALUE))


def _names(tx: Connection, rows: list[dict[str, Any]]) -> dict[str, str]:
    units = [row["equipment_id"] for row in rows]
    return names_of(tx, [*units, *(line_of(unit) for unit in units)])


def _to_find(tx: Connection, row: Mapping[str, Any], names: Mapping[str, str]) -> ToFind:
    unit = row["equipment_id"]
    kind = tx.execute(select(t.equipment.c.machine_type).where(t.equipment.c.equipment_id == unit)).scalar()
    known = [cause for cause in causes_of(tx, kind or "") if cause != row["cause"]]
    return ToFind(
        row["case_id"], row["number"], row["title"], names.get(unit, unit),
        names.get(line_of(unit), line_of(unit)), row["state"], row["decided_us"], row["cause"],
        (row["cause"], *known),
    )  # fmt: skip


def _views(tx: Connection, case_ids: list[str]) -> dict[str, tuple[int, int]]:
    v = t.verdict_views.c
    found: dict[str, tuple[int, int]] = {}
    for case_id, right in tx.execute(select(v.case_id, v.looks_right).where(v.case_id.in_(case_ids))):
        yes, no = found.get(case_id, (0, 0))
        found[case_id] = (yes + bool(right), no + (not right))
    return found


def _value(lines: list[dict[str, Any]], names: Mapping[str, str], who: Mapping[str, str]) -> ValueRow:
    newest = {row["kind"]: row for row in lines}
    counted = newest[Entry.REALISED]
    basis = json.loads(counted["basis"])
    settled = next((r for r in reversed(lines) if r["kind"] in (Entry.CONFIRMED, Entry.CORRECTED)), None)
    line = line_of(counted["equipment_id"])
    return ValueRow(
        case_id=counted["case_id"],
        number=counted["number"],
        title=counted["title"],
        line_name=names.get(line, line),
        finding=basis["finding"],
        promised_cents=newest[Entry.PROMISED]["amount_cents"],
        realised_cents=counted["amount_cents"],
        avoided_cents=basis["avoided_cents"],
        cost_cents=basis["cost_cents"],
        words=basis["words"],
        settled_cents=settled["amount_cents"] if settled else None,
        settled=settled["kind"] if settled else "",
        settled_by=who.get(settled["entered_by"], "") if settled else "",
        settled_reason=json.loads(settled["basis"])["reason"] if settled else "",
        settled_us=settled["at_us"] if settled else None,
        booked_us=counted["at_us"],
    )
