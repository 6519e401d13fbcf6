"""Reads of machines' hours against their usual pattern of several sensors."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import select

from auth.permissions import Permission
from data.store import patterns as store
from data.store import tables as t
from domain.equipment import line_of
from domain.errors import NotFound
from services.context import Context
from services.queries.common import in_scope, names_of, people, under
from services.queries.quality import noted_of
from services.rows.quality import LimitsRow, Part, PatternPoint, PatternRow, PatternRules, PatternView
from services.spc import multivariate
from services.spc.pattern_cases import chart_of


class PatternQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def machines(self, line_id: str = "") -> tuple[PatternRow, ...]:
        """Every machine with a frozen pattern, the oddest newest hour first."""
        c, e = self._context, t.equipment.c
        c.actor.require(Permission.SEE_FLOOR)
        scope = line_id or c.site.site_id
        query = (
            select(e.equipment_id)
            .where(e.level == "unit", in_scope(e.equipment_id, c.actor), under(e.equipment_id, scope))
            .where(e.removed_us.is_(None))
        )
        with c.database.read() as tx:
            units = tx.execute(query).scalars().all()
            models, ends = store.newest(tx), store.ends(tx)
            shown = [u for u in units if u in models]
            names = names_of(tx, [*shown, *(line_of(u) for u in shown)])
            last = {u: store.points(tx, u, ends[u] - 1, ends[u]) for u in shown if u in ends}
        rows = [_row(u, names, models[u], last.get(u, [])) for u in shown]
        return tuple(sorted(rows, key=lambda r: -max(r.t2_share or 0, r.spe_share or 0)))

    def machine(self, equipment_id: str, from_us: int, to_us: int, chosen_us: int = 0) -> PatternView:
        """A machine's hours that end in (from, to], and the parts of one: the chosen, else the oddest."""
        c = self._context
        if not c.actor.may(Permission.SEE_FLOOR, equipment_id):
            raise NotFound("there is no such machine within your area")
        with c.database.read() as tx:
            row = store.newest(tx, equipment_id).get(equipment_id)
            if row is None:
                raise NotFound("nobody has frozen the usual pattern of this machine yet")
            rows = store.points(tx, equipment_id, from_us, to_us)
            name = names_of(tx, [equipment_id]).get(equipment_id, equipment_id)
            setting = store.rules(tx, equipment_id)
            who = people(tx, [row["frozen_by"], setting["changed_by"] if setting else None])
            noted = noted_of(tx, chart_of(equipment_id))
        pattern = multivariate.from_json(row["content"])
        chosen = _chosen(rows, pattern, chosen_us)
        return PatternView(
            equipment_id=equipment_id,
            name=name,
            points=tuple(PatternPoint(r["at_us"], r["t2"], r["spe"]) for r in rows),
            t2_limit=pattern.t2_limit,
            spe_limit=pattern.spe_limit,
            components=len(pattern.variances),
            metrics=pattern.metrics,
            limits=LimitsRow(
                row["version"],
                row["from_us"],
                row["to_us"],
                0.0,
                0.0,
                0.0,
                row["samples"],
                0.0,
                (),
                who.get(row["frozen_by"], row["frozen_by"]),
                row["frozen_us"],
                row["reason"],
            ),
            chosen_us=chosen["at_us"] if chosen else None,
            parts=_parts(pattern, chosen) if chosen else (),
            noted=noted,
            opens=_rules(setting, who) if setting else None,
        )


def _rules(row: Mapping[str, Any], who: Mapping[str, str]) -> PatternRules:
    by = who.get(row["changed_by"], row["changed_by"])
    return PatternRules(bool(row["opens_case"]), row["cause"], by, row["changed_us"], row["reason"])


def _chosen(
    rows: Sequence[Mapping[str, Any]], pattern: multivariate.Pattern, at_us: int
) -> Mapping[str, Any] | None:
    named = next((r for r in rows if r["at_us"] == at_us), None)
    return named or max(rows, key=lambda r: _worst(r, pattern), default=None)


def _worst(row: Mapping[str, Any], pattern: multivariate.Pattern) -> float:
    return max(float(row["t2"]) / pattern.t2_limit, float(row["spe"]) / pattern.spe_limit)


def _parts(pattern: multivariate.Pattern, row: Mapping[str, Any]) -> tuple[Part, ...]:
    vector = np.array(json.loads(row["content"]), float)
    found = multivariate.judge(pattern, vector[None, :])
    sigmas = (vector - pattern.centre) / pattern.scale
    parts = [
        Part(
            metric, float(vector[k]), float(pattern.centre[k]), float(sigmas[k]),
            float(found.t2_parts[0, k] / max(found.t2[0], 1e-12)),
            float(found.spe_parts[0, k] / max(found.spe[0], 1e-12)),
        )
        for k, metric in enumerate(pattern.metrics)
    ]  # fmt: skip
    t2, spe = found.t2[0] / pattern.t2_limit, found.spe[0] / pattern.spe_limit
    return tuple(sorted(parts, key=lambda p: -(p.t2 if t2 >= spe else p.spe)))


def _row(
    unit: str, names: Mapping[str, str], model: Mapping[str, Any], last: Sequence[Mapping[str, Any]]
) -> PatternRow:
    pattern, line = multivariate.from_json(model["content"]), line_of(unit)
    newest = last[-1] if last else None
    return PatternRow(
        unit, names.get(unit, unit), line, names.get(line, line),
        newest["at_us"] if newest else None,
        newest["t2"] / pattern.t2_limit if newest else None,
        newest["spe"] / pattern.spe_limit if newest else None,
        model["version"],
    )  # fmt: skip
