"""Reads for the screen of targets: every version with its time, beside what was reached."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Permission
from data.store import tables as t
from domain.errors import NotFound
from domain.kpi import Figures
from domain.shift_calendar import at_minute, local_day
from services.context import Context
from services.kpi import reading
from services.queries.calendars import changes_of
from services.queries.common import in_scope, names_of, people, under
from services.rows.kpi import Ask
from services.rows.targets import TargetRow, Targets

LOOK_BACK_DAYS = 7
ALWAYS_US = 0  # a target without a date: it came with the equipment
_STATES = ("holds", "to come", "past")


class TargetQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def all(self, line_id: str = "") -> Targets:
        """Targets of the plant and its parts, or of one line and its machines."""
        c, g = self._context, t.targets.c
        c.actor.require(Permission.SEE_FLOOR)
        query = select(t.targets).where(under(g.scope, line_id or c.site.site_id), in_scope(g.scope, c.actor))
        with c.database.read() as tx:
            stored = [dict(row) for row in tx.execute(query).mappings()]
            stored = sorted([*_undated(tx, c, line_id), *stored], key=_by_time)
            names = names_of(tx, [row["scope"] for row in stored])
            who = people(tx, [row["set_by"] for row in stored])
            rows = _versions(stored, names, who, c.now_us)
            known = self._known(tx, line_id or c.site.site_id) if rows else {}
            rows = [self._beside(tx, row, known) for row in rows]
            without = _without(tx, c, {row["scope"] for row in stored if row["kpi"] == "oee"})
            changes = changes_of(tx, c, "target")
        rows.sort(key=lambda r: (_STATES.index(r.state), r.scope_name, r.kpi, -r.valid_from_us))
        return Targets(tuple(rows), without, changes)

    def _beside(self, tx: Connection, row: TargetRow, known: dict[str, Figures]) -> TargetRow:
        """With what was reached of it; figures that are read for it are kept in `known`."""
        if row.state != "holds":
            return row
        if row.scope not in known:
            known[row.scope] = reading.read(tx, self._ask(row.scope)).whole.figures
        return replace(row, reached=reached(known[row.scope], row.kpi))

    def _known(self, tx: Connection, scope: str) -> dict[str, Figures]:
        """Figures of a part of the plant and of the parts below it, read at once."""
        try:
            view = reading.read(tx, self._ask(scope))
        except NotFound:  # no machine stands there yet
            return {}
        return {row.key: row.figures for row in (view.whole, *view.areas, *view.parts)}

    def _ask(self, scope: str) -> Ask:
        c, zone = self._context, self._context.site.time_zone
        end = local_day(c.now_us, zone) + timedelta(days=1)
        from_us = at_minute(end - timedelta(days=LOOK_BACK_DAYS), 0, zone)
        return Ask(scope, from_us, at_minute(end, 0, zone))


def _by_time(row: dict[str, Any]) -> tuple[str, str, int]:
    return row["scope"], row["kpi"], row["valid_from_us"]


def _undated(tx: Connection, c: Context, line_id: str) -> list[dict[str, Any]]:
    """The OEE targets that came with the equipment: they hold until the first one with a date. Those of
    machines for one line only: a plant has too many to read."""
    e = t.equipment.c
    query = select(e.equipment_id, e.target_oee).where(
        e.target_oee.is_not(None), e.assigned.is_(True), in_scope(e.equipment_id, c.actor),
        under(e.equipment_id, line_id or c.site.site_id),
    )  # fmt: skip
    query = query if line_id else query.where(e.level != "unit")
    return [
        {"scope": row[0], "kpi": "oee", "value": row[1], "valid_from_us": ALWAYS_US, "set_by": ""}
        for row in tx.execute(query)
    ]


def reached(found: Figures, kpi: str) -> float | None:
    """The figure that a target is for."""
    value: float | None = getattr(found, kpi)
    return value


def _versions(
    stored: Sequence[dict[str, Any]], names: dict[str, str], who: dict[str, str], now_us: int
) -> list[TargetRow]:
    found = []
    for _, group in groupby(stored, key=lambda r: (r["scope"], r["kpi"])):
        rows = list(group)
        for row, following in zip(rows, [*rows[1:], None], strict=True):
            until = following["valid_from_us"] if following else None
            state = "to come" if row["valid_from_us"] > now_us else "holds"
            if until is not None and until <= now_us:
                state = "past"
            found.append(
                TargetRow(
                    row["scope"], names.get(row["scope"], row["scope"]), row["kpi"], row["value"],
                    row["valid_from_us"], until, state, who.get(row["set_by"], row["set_by"]),
                )
            )  # fmt: skip
    return found


def _without(tx: Connection, c: Context, dated: set[str]) -> tuple[str, ...]:
    e = t.equipment.c
    query = select(e.equipment_id, e.name).where(
        e.level == "line", e.assigned.is_(True), e.target_oee.is_(None),
        under(e.equipment_id, c.site.site_id), in_scope(e.equipment_id, c.actor),
    )  # fmt: skip
    return tuple(row[1] for row in tx.execute(query.order_by(e.position)) if row[0] not in dated)
