"""The open cases of the inbox, read without the long texts that only the card shows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Float, cast, func, select

from data.store import tables as t
from domain.cases import CaseState
from domain.equipment import line_of
from domain.policy import urgency
from services.context import Context
from services.queries.care import care_of
from services.queries.common import in_scope, names_of, people, under
from services.queries.mine import Mine
from services.rows.decide import InboxRow

_C = t.cases.c
COLUMNS = (
    "case_id", "number", "title", "site_id", "equipment_id", "kind", "cause", "state", "version",
    "attention", "opened_us", "deadline_us", "cost_cents", "benefit_cents", "benefit_low_cents",
    "benefit_high_cents", "permission", "proposed_by",
)  # fmt: skip


def open_rows(tx: Connection, context: Context, line_id: str) -> list[InboxRow]:
    """Open cases within the actor's scopes, of one line or of all."""
    columns = [_C[name] for name in COLUMNS]
    query = select(*columns, _probability(tx).label("probability")).where(*_open(context))
    query = query.where(under(_C.equipment_id, line_id)) if line_id else query
    found = [dict(row) for row in tx.execute(query.order_by(_C.deadline_us, _C.number)).mappings()]
    judge = Mine(tx, context, [row["case_id"] for row in found])
    cared = care_of(tx, context.site.site_id)
    who = people(tx, [row["assigned_to"] for row in cared.values()])
    places = {place for row in found for place in (row["equipment_id"], line_of(row["equipment_id"]))}
    names = names_of(tx, places)
    return [_cared(_inbox_row(row, names, judge), cared, who, context) for row in found]


def open_lines(tx: Connection, context: Context) -> tuple[tuple[str, str], ...]:
    """(id, name) of the lines that have open cases."""
    units = tx.execute(select(_C.equipment_id).where(*_open(context)).distinct()).scalars()
    lines = {line_of(unit) for unit in units}
    names = names_of(tx, lines)
    return tuple(sorted((line, names.get(line, line)) for line in lines))


def _open(context: Context) -> tuple[ColumnElement[bool], ...]:
    mine = in_scope(_C.equipment_id, context.actor)
    # Greater than '' is "not null" in a form that the unique index serves; the past is not walked through.
    return mine, _C.site_id == context.site.site_id, _C.open_key > ""


def _probability(tx: Connection) -> ColumnElement[float | None]:
    """The risk in the stored evidence, picked out by the database."""
    if tx.dialect.name == "sqlite":
        return cast(func.json_extract(_C.evidence, "$.probability"), Float)
    return cast(cast(_C.evidence, JSON)["probability"].as_string(), Float)


def _inbox_row(row: Mapping[str, Any], names: Mapping[str, str], judge: Mine) -> InboxRow:
    unit, line = row["equipment_id"], line_of(row["equipment_id"])
    probability = row["probability"]
    return InboxRow(
        case_id=row["case_id"],
        number=row["number"],
        title=row["title"],
        equipment_id=unit,
        equipment_name=names.get(unit, unit),
        line_id=line,
        line_name=names.get(line, line),
        cause=row["cause"],
        state=CaseState(row["state"]),
        attention=row["attention"],
        opened_us=row["opened_us"],
        deadline_us=row["deadline_us"],
        cost_cents=row["cost_cents"],
        benefit_cents=row["benefit_cents"],
        benefit_low_cents=row["benefit_low_cents"],
        benefit_high_cents=row["benefit_high_cents"],
        probability=probability,
        mine=judge.may_sign(row, probability),
        bulk=judge.bulk(row, probability),
        kind=row["kind"],
        version=row["version"],
    )


def _cared(
    row: InboxRow, cared: Mapping[str, Mapping[str, Any]], who: Mapping[str, str], context: Context
) -> InboxRow:
    care = cared.get(row.case_id)
    if care is None:
        return row
    asleep = (care["snoozed_until_us"] or 0) > context.now_us and care["snoozed_version"] == row.version
    return replace(
        row,
        assigned_to=who.get(care["assigned_to"] or "", ""),
        assigned_to_me=care["assigned_to"] == context.actor.account_id,
        snoozed_until_us=care["snoozed_until_us"] if asleep else None,
    )


def first(row: InboxRow) -> tuple[bool, tuple[int, int]]:
    """The order of those that wait: mine, then by the minute of the deadline, then by what they are worth."""
    return not (row.mine or row.assigned_to_me), urgency(row.deadline_us, row.benefit_cents)
