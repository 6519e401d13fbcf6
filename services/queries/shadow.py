"""What models in shadow would have advised, beside what people did and what came."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Permission
from data.store import tables as t
from domain.cases import ABOUT_SETTINGS
from domain.clock import SECOND
from domain.equipment import line_of
from services.context import Context
from services.failures import failures
from services.queries.common import in_scope, names_of
from services.rows.oversight import ShadowRow, ShadowView

_A = t.shadow_advice.c
SHOWN = 200


class ShadowQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def view(self) -> ShadowView:
        """Newest advice first."""
        c, m, s = self._context, t.model_versions.c, t.shadow_models.c
        c.actor.require(Permission.SEE_TRUST)
        with c.database.read() as tx:
            names = tx.execute(
                select(m.name).where(m.stage != "retired").distinct().order_by(m.name)
            ).scalars()
            known = list(names)
            since: dict[str, int] = {
                row.model_name: row.since_us
                for row in tx.execute(select(s.model_name, s.since_us).where(s.site_id == c.site.site_id))
            }
            mine = (_A.site_id == c.site.site_id) & in_scope(_A.equipment_id, c.actor)
            query = select(t.shadow_advice).where(mine).order_by(_A.opened_us.desc()).limit(SHOWN)
            rows = [dict(row) for row in tx.execute(query).mappings()]
            units = [row["equipment_id"] for row in rows]
            called = names_of(tx, [*units, *(line_of(unit) for unit in units)])
            made = tuple(_row(tx, row, called, c.now_us) for row in rows)
        models = tuple((name, since.get(name)) for name in known)
        return ShadowView(models, made, c.actor.may(Permission.RESUME_AI, c.site.site_id))


def _row(tx: Connection, row: Mapping[str, Any], names: Mapping[str, str], now_us: int) -> ShadowRow:
    unit, from_us = row["equipment_id"], row["opened_us"]
    until = from_us + row["horizon_s"] * SECOND
    failed = failures(tx, unit, from_us, min(until, now_us))
    m, c = t.maintenance.c, t.cases.c
    worked = tx.execute(
        select(m.start_us, m.kind)
        .where(m.equipment_id == unit, m.start_us > from_us, m.start_us <= min(until, now_us))
        .order_by(m.start_us)
        .limit(1)
    ).one_or_none()
    case = tx.execute(
        select(c.number)
        .where(c.equipment_id == unit, c.opened_us > from_us, c.opened_us <= until)
        .where(c.kind.not_in(ABOUT_SETTINGS))
        .limit(1)
    ).scalar()
    return ShadowRow(
        row["model_name"], unit, names.get(unit, unit), names.get(line_of(unit), ""), row["title"],
        row["probability"], row["benefit_cents"], from_us, row["ended_us"], failed[0] if failed else None,
        worked.start_us if worked else None, worked.kind if worked else "", case, now_us >= until,
    )  # fmt: skip
