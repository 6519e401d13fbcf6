"""Reads of what is unusual about machines. Every method checks the actor and the actor's scopes first."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Permission
from data.store import oddities as store
from data.store import registry, stops
from data.store import tables as t
from domain.clock import DAY, MINUTE
from domain.equipment import line_of
from domain.errors import NotFound
from domain.model_gates import Stage
from services.context import Context
from services.queries.common import in_scope, names_of, under
from services.queries.predictions import newest_reading
from services.queries.trends import trends_of
from services.rows.oddities import OddityBoard, OddityRow, OddityView, OddSignal, Standing, Watch
from services.rows.predict import Point

COURSE_US, LONG_US = 2 * DAY, 7 * DAY
STALE_US = 90 * MINUTE
TRENDS = 3
_ORDER = {Standing.ODD: 0, Standing.REFUSED: 1, Standing.STOOD: 2, Standing.USUAL: 3}
_E = t.equipment.c
_NOBODY = Watch("", "", 0.0, None)


class OddityQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def board(self, line_id: str = "", standing: str = "") -> OddityBoard:
        """Machines of the site that the actor may see: odd ones first, then those that cannot be judged."""
        c = self._context
        c.actor.require(Permission.SEE_PREDICTIONS)
        with c.database.read() as tx:
            units = _units(tx, c)
            names = names_of(tx, (line_of(row["equipment_id"]) for row in units))
            watch, _ = _watch(tx, c.site.site_id)
            wanted = [row for row in units if line_id in ("", line_of(row["equipment_id"]))]
            rows = _rows(tx, wanted, names, watch, c.now_us)
        found = tuple(row for row in sorted(rows, key=_rank) if standing in ("", row.standing))
        return OddityBoard(found, tuple(sorted(names.items())), watch)

    def machine(self, equipment_id: str) -> OddityView:
        """One machine; NotFound when there is none that the actor may see."""
        c = self._context
        c.actor.require(Permission.SEE_PREDICTIONS)
        with c.database.read() as tx:
            units = [row for row in _units(tx, c) if row["equipment_id"] == equipment_id]
            if not units:
                raise NotFound(f"no machine {equipment_id!r}")
            watch, card = _watch(tx, c.site.site_id)
            names = names_of(tx, [line_of(equipment_id)])
            row = _rows(tx, units, names, watch, c.now_us)[0]
            course = _course(tx, watch, [equipment_id], c.now_us - LONG_US).get(equipment_id, ())
            metrics = [one.metric for one in row.signals][:TRENDS]
            trends = trends_of(tx, equipment_id, metrics, c.now_us - COURSE_US, c.now_us)
        return OddityView(row, course, trends, watch, tuple(card.get("limits") or ()))


def _units(tx: Connection, c: Context) -> list[Mapping[str, Any]]:
    query = select(_E.equipment_id, _E.name).where(
        _E.level == "unit", _E.assigned, _E.removed_us.is_(None), in_scope(_E.equipment_id, c.actor),
        under(_E.equipment_id, c.site.site_id),
    )  # fmt: skip
    return [dict(row) for row in tx.execute(query.order_by(_E.position, _E.equipment_id)).mappings()]


def _watch(tx: Connection, site_id: str) -> tuple[Watch, dict[str, Any]]:
    """The model that people see, and its card."""
    champions = [row for row in registry.versions(tx, (Stage.CHAMPION,)) if row["capability"] == "anomaly"]
    if not champions:
        return _NOBODY, {}
    row, card = champions[0], json.loads(champions[0]["card"]) or {}
    since = [
        one["stopped_us"]
        for one in stops.under_way(tx, site_id)
        if not one["drill"] and one["model_name"] in ("", row["name"])
    ]
    rate = float(card.get("false_alarms") or 0.0)
    return Watch(row["name"], row["version"], rate, min(since, default=None)), card


def _rows(
    tx: Connection, units: Sequence[Mapping[str, Any]], names: Mapping[str, str], watch: Watch, now_us: int
) -> list[OddityRow]:
    ids = [row["equipment_id"] for row in units]
    states = store.states(tx, (watch.model, watch.version), ids)
    courses, data = _course(tx, watch, ids, now_us - COURSE_US), newest_reading(tx, ids)
    return [
        _row(unit, states.get(unit["equipment_id"]), names, courses, data.get(unit["equipment_id"]), now_us)
        for unit in units
    ]


def _row(
    unit: Mapping[str, Any], state: Mapping[str, Any] | None, names: Mapping[str, str],
    courses: Mapping[str, tuple[Point, ...]], data_us: int | None, now_us: int,
) -> OddityRow:  # fmt: skip
    equipment_id = unit["equipment_id"]
    reason = _reason(state, now_us)
    known = state if state is not None and not reason else None
    return OddityRow(
        equipment_id=equipment_id,
        name=unit["name"],
        line_id=line_of(equipment_id),
        line_name=names.get(line_of(equipment_id), line_of(equipment_id)),
        at_us=state["at_us"] if state else None,
        times=known["score"] / known["threshold"] if known else None,
        reason=reason,
        since_us=known["since_us"] if known else None,
        signals=tuple(OddSignal(*one) for one in json.loads(known["signals"])) if known else (),
        course=courses.get(equipment_id, ()),
        data_us=data_us,
    )


def _reason(state: Mapping[str, Any] | None, now_us: int) -> str:
    """Why there is no score now, "" where there is one."""
    if state is None:
        return "this machine has not been scored yet"
    if now_us - state["at_us"] > STALE_US:
        return "nothing has been scored since"
    return str(state["reason"]) or ("" if state["score"] is not None else "no reason was given")


def _course(tx: Connection, watch: Watch, ids: Sequence[str], from_us: int) -> dict[str, tuple[Point, ...]]:
    """Scores by their limits, by machine."""
    found: dict[str, list[Point]] = {}
    for unit, at_us, score, threshold in store.course(tx, (watch.model, watch.version), ids, from_us):
        times = None if score is None or not threshold else score / threshold
        found.setdefault(unit, []).append((at_us, times))
    return {unit: tuple(points) for unit, points in found.items()}


def _rank(row: OddityRow) -> tuple[int, float, str]:
    return _ORDER[row.standing], -(row.times or 0.0), row.equipment_id
