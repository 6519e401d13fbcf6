"""Reads for the screen of alarm limits: what is defined, its versions, the operator positions."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from auth.permissions import Permission
from data.store import alarms as store
from data.store import tables as t
from domain.errors import NotFound
from domain.telemetry import METRICS
from services.alarms.definition import definition_of, watched
from services.context import Context
from services.queries.common import in_scope, names_of, people, under
from services.rows.alarms import DefinitionList, DefinitionRow

_D = t.alarm_definitions.c


class AlarmLimitQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def all(self, scope: str = "", priority: str = "") -> DefinitionList:
        """The newest version of every alarm below a part of the plant, by machine and name."""
        c = self._context
        c.actor.require(Permission.SEE_FLOOR)
        where = [in_scope(_D.equipment_id, c.actor), under(_D.equipment_id, scope or c.site.site_id)]
        if priority:
            where.append(_D.priority == priority)
        with c.database.read() as tx:
            stored = [dict(row) for row in tx.execute(store.newest(*where)).mappings()]
            rows = _rows(tx, stored)
            seen = tuple(p for p in store.positions(tx) if c.actor.may(Permission.SEE_FLOOR, p[0]))
        rows.sort(key=lambda r: (not r.definition.active, r.equipment_name, r.definition.name))
        return DefinitionList(tuple(rows), seen, sum(not r.definition.active for r in rows))

    def versions(self, alarm_id: str) -> tuple[DefinitionRow, ...]:
        """Every version of an alarm, newest first. NotFound outside the actor's scopes."""
        c = self._context
        with c.database.read() as tx:
            stored = store.versions(tx, alarm_id)
            if not stored or not c.actor.may(Permission.SEE_FLOOR, stored[0]["equipment_id"]):
                raise NotFound("there is no such alarm within your area")
            return tuple(_rows(tx, stored))


def _rows(tx: Connection, stored: Sequence[Mapping[str, Any]]) -> list[DefinitionRow]:
    names = names_of(tx, (row["equipment_id"] for row in stored))
    who = people(tx, (row["changed_by"] for row in stored))
    positions = dict(store.positions(tx))
    found = []
    for row in stored:
        spec = METRICS.get(watched(row["metric"]))
        found.append(
            DefinitionRow(
                definition_of(row), names.get(row["equipment_id"], row["equipment_id"]),
                positions.get(row["position_id"], row["position_id"]), spec.unit if spec else "",
                who.get(row["changed_by"], row["changed_by"]), row["changed_us"], row["reason"],
            )
        )  # fmt: skip
    return found
