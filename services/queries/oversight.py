"""Reads about the AI as a whole: is it stopped, what watches meanwhile, what was rehearsed."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select

from auth.permissions import Permission
from data.store import stops as store
from data.store import tables as t
from domain.cases import CaseKind
from services import fallback
from services.context import Context
from services.queries.common import names_of, people
from services.rows.oversight import AiStatus, ModelRow, StopRow, StopView
from services.situation import site_at
from services.stop_plan import advice_of, told

SHOWN = 50


class OversightQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def stop(self) -> StopView:
        """Everything on the screen of the stop. Open to all who see the floor of the site."""
        c = self._context
        c.actor.require(Permission.SEE_FLOOR)
        site_id = c.site.site_id
        with c.database.read() as tx:
            site = site_at(tx, site_id)
            limits, stated = store.limits(tx, site_id)
            would = [one.equipment_id for one in fallback.troubles(tx, site) if one.open_case is None]
            names = names_of(tx, would)
            return StopView(
                status=status_of(tx, site_id),
                models=tuple(_models(tx, site_id)),
                limits=limits,
                stated=stated,
                machine_types=_types(tx, site_id),
                would_open=tuple(names.get(unit, unit) for unit in would),
                told=tuple(
                    (one.name, ", ".join(sorted(r.value.replace("_", " ") for r in one.roles)))
                    for one in told(tx, site_id)
                ),
                history=_rows(tx, store.latest(tx, site_id, SHOWN)),
                may_stop=c.actor.may(Permission.STOP_AI, site_id),
                may_resume=c.actor.may(Permission.RESUME_AI, site_id),
            )


def status_of(tx: Connection, site_id: str) -> AiStatus:
    """What is stopped or rehearsed at a site now; a few small reads, made after every commit."""
    rows = store.under_way(tx, site_id)
    zone = tx.execute(select(t.sites.c.time_zone).where(t.sites.c.site_id == site_id)).scalar() or "UTC"
    if not rows:
        return AiStatus((), 0, 0, zone)
    c, e = t.cases.c, t.equipment.c
    open_cases = select(func.count()).where(
        c.site_id == site_id, c.kind == CaseKind.LIMIT.value, c.open_key.is_not(None)
    )
    units = (
        select(func.count())
        .where(e.level == "unit", e.assigned, e.equipment_id.startswith(f"{site_id}/", autoescape=True))
        .where(e.removed_us.is_(None))
    )
    return AiStatus(
        _rows(tx, rows), int(tx.execute(open_cases).scalar_one()), int(tx.execute(units).scalar_one()), zone
    )


def _rows(tx: Connection, rows: list[dict[str, Any]]) -> tuple[StopRow, ...]:
    who = people(tx, [row["resumed_by"] for row in rows])
    effects = [json.loads(row["effect"]) for row in rows]
    names = names_of(tx, [unit for effect in effects for unit in effect.get("machines", ())])
    return tuple(_row(row, effect, who, names) for row, effect in zip(rows, effects, strict=True))


def _row(
    row: Mapping[str, Any], effect: Mapping[str, Any], who: Mapping[str, str], names: Mapping[str, str]
) -> StopRow:
    return StopRow(
        stop_id=row["stop_id"],
        model=row["model_name"],
        drill=row["drill"],
        reason=row["reason"],
        by=row["printed_name"],
        meaning=row["meaning"],
        record_hash=row["record_hash"],
        from_us=row["stopped_us"],
        ended_us=row["resumed_us"],
        ended_by=who.get(row["resumed_by"] or "", ""),
        ended_reason=row["resume_reason"],
        withdrawn=tuple(effect.get("withdrawn", ())),
        opened=tuple(effect.get("opened", ())),
        machines=tuple(names.get(unit, unit) for unit in effect.get("machines", ())),
        told=tuple(effect.get("told", ())),
    )


def _models(tx: Connection, site_id: str) -> list[ModelRow]:
    m = t.model_versions.c
    found: dict[str, list[str]] = {}
    rows = tx.execute(select(m.name, m.version).where(m.stage != "retired").order_by(m.name, m.version))
    for name, version in rows:
        found.setdefault(name, []).append(version)
    return [
        ModelRow(name, tuple(versions), len(advice_of(tx, site_id, name))) for name, versions in found.items()
    ]


def _types(tx: Connection, site_id: str) -> tuple[str, ...]:
    e = t.equipment.c
    units = select(e.machine_type).where(
        e.level == "unit", e.equipment_id.startswith(f"{site_id}/", autoescape=True)
    )
    return tuple(tx.execute(units.distinct().order_by(e.machine_type)).scalars())
