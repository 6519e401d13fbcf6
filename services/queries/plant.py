"""Reads for the screen of machines: which are in the plant, and which were taken out."""

from typing import Any

from sqlalchemy import Connection, and_, func, select

from auth.permissions import Permission
from data.store import tables as t
from data.store.statements import Among
from domain.clock import DAY
from domain.equipment import line_of
from services.context import Context
from services.queries.calendars import changes_of
from services.queries.common import in_scope, names_of, people, under
from services.rows.plant import MachineRow, Machines

BACK_US = 35 * DAY


class PlantQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def machines(self, line_id: str = "") -> Machines:
        """The placed machines of the site or of one line, those that are out first, then by line."""
        c, e, a = self._context, t.equipment.c, t.absences.c
        c.actor.require(Permission.SEE_FLOOR)
        open_now = and_(a.equipment_id == e.equipment_id, a.to_us.is_(None))
        query = (
            select(e.equipment_id, e.name, e.constraint_unit, a.from_us, a.out_by, a.out_reason)
            .join_from(t.equipment, t.absences, open_now, isouter=True)
            .where(e.level == "unit", e.assigned.is_(True), in_scope(e.equipment_id, c.actor))
            .where(under(e.equipment_id, line_id or c.site.site_id))
            .order_by(a.from_us.is_(None), e.parent_id, e.position, e.equipment_id)
        )
        with c.database.read() as tx:
            found = tx.execute(query).all()
            ids = [row.equipment_id for row in found]
            heard, flagged = _heard(tx, ids), _flagged(tx, ids, c.now_us - BACK_US)
            names = names_of(tx, {line_of(unit) for unit in ids})
            who = people(tx, [row.out_by for row in found])
            changes = changes_of(tx, c, "machine")
        return Machines(tuple(_row(row, names, who, heard, flagged) for row in found), changes)


def _row(
    row: Any, names: dict[str, str], who: dict[str, str], heard: dict[str, int], flagged: dict[str, int]
) -> MachineRow:
    unit, line = row.equipment_id, line_of(row.equipment_id)
    by = who.get(row.out_by or "", row.out_by or "")
    return MachineRow(
        unit, row.name, line, names.get(line, line), bool(row.constraint_unit), heard.get(unit), row.from_us,
        by, row.out_reason or "", flagged.get(unit, 0),
    )  # fmt: skip


def _heard(tx: Connection, ids: list[str]) -> dict[str, int]:
    m, n = t.metrics.c, t.latest.c
    query = (
        select(m.equipment_id, func.max(n.source_us))
        .join_from(t.metrics, t.latest, n.metric_id == m.metric_id)
        .where(m.equipment_id.in_(ids))
        .group_by(m.equipment_id)
    )
    return {row[0]: row[1] for row in tx.execute(query)}


# The code is written out, for the index of its rows.
_REMOVED = Among(
    "SELECT equipment_id, COUNT(*) FROM kpi_flags {by:ix_kpi_flags_removed} WHERE equipment_id {among}"
    " AND at_us >= :since_us AND code = 'state_after_removal' GROUP BY equipment_id"
)


def _flagged(tx: Connection, ids: list[str], since_us: int) -> dict[str, int]:
    return dict(_REMOVED.rows(tx, ids, {"since_us": since_us}))
