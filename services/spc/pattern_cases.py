"""From hours that leave a machine's usual pattern to a case, where somebody has switched that on.

A broken limit (T2 or SPE) is written down beside the broken rules of charts, under `chart_of`. Two of
the newest three hours must lie beyond before a case is worth a person's time; the case names the
sensors that make most of it. A stop of all models holds here too: the pattern was learned from data.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection

from data.store import charts as store
from data.store import patterns as pattern_store
from data.store import stops
from domain.clock import HOUR, wall_us
from domain.equipment import site_of
from domain.recommendation import cause_label
from domain.spc.rules import Rule
from domain.telemetry import METRICS
from services.spc import multivariate
from services.spc.casing import FRESH, NEEDED, PATTERN, Signal, raise_or_note

SERIES = {"t2": "T2", "spe": "SPE"}
NAMED = 3  # sensors in the words of a case
MODEL = "usual pattern"


def chart_of(equipment_id: str) -> str:
    """The id under which a machine's pattern notes what was broken."""
    return f"{PATTERN}{equipment_id}"


def note_and_open(
    tx: Connection, model: Mapping[str, Any], points: Sequence[Mapping[str, Any]], now_us: int
) -> tuple[int, int]:
    """Write down which of the judged hours lie beyond a limit; returns (new breaks, cases opened)."""
    pattern = multivariate.from_json(model["content"])
    beyond = [row for point in points for row in _breaks(model, pattern, point)]
    fresh = store.add_breaks(tx, beyond)
    recent = [row for row in fresh if row["at_us"] > now_us - FRESH * HOUR]
    unit = model["equipment_id"]
    setting = pattern_store.rules(tx, unit)
    if not recent or setting is None or not setting["opens_case"]:
        return len(fresh), 0
    late = [p for p in pattern_store.points(tx, unit, now_us - FRESH * HOUR, now_us) if _beyond(pattern, p)]
    if len(late) < NEEDED or stops.stopped(tx, site_of(unit), MODEL, hold=True):
        return len(fresh), 0
    signal = Signal(
        unit, setting["cause"], recent, lambda name, cause: told(pattern, late, name, cause), MODEL,
        "sensors left the usual pattern",
        "The pattern says that the sensors do not fit together as usual, not why: no failure is costed.",
    )  # fmt: skip
    return len(fresh), raise_or_note(tx, signal, now_us)


def told(pattern: multivariate.Pattern, late: Sequence[Mapping[str, Any]], name: str, cause: str) -> str:
    """The hours beyond and the sensors behind the newest one, in words."""
    newest = max(late, key=lambda point: int(point["at_us"]))
    which, times = _worst(pattern, newest)
    sensors = ", ".join(f"{_label(m)} ({100 * share:.0f} %)" for m, share in shares(pattern, newest, which))
    far = {"t2": "far from the middle of its usual pattern", "spe": "outside its usual pattern"}[which]
    return (
        f"The sensors of {name} were {far} in {len(late)} of the newest {FRESH} hours: {SERIES[which]} is "
        f"{times:.1f} times its limit. Most of it comes from {sensors}. Suspected: {cause_label(cause)}."
    )


def shares(pattern: multivariate.Pattern, point: Mapping[str, Any], which: str) -> list[tuple[str, float]]:
    """The sensors that make most of T2 or SPE of an hour, with their shares, largest first."""
    found = multivariate.judge(pattern, np.array([json.loads(point["content"])], float))
    parts, whole = (found.t2_parts, found.t2) if which == "t2" else (found.spe_parts, found.spe)
    order = np.argsort(-parts[0])[:NAMED]
    return [(pattern.metrics[k], float(parts[0, k] / max(whole[0], 1e-12))) for k in order]


def _label(metric: str) -> str:
    spec = METRICS.get(metric)
    return spec.label if spec and spec.label else metric


def _worst(pattern: multivariate.Pattern, point: Mapping[str, Any]) -> tuple[str, float]:
    ratios = {"t2": point["t2"] / pattern.t2_limit, "spe": point["spe"] / pattern.spe_limit}
    which = max(ratios, key=lambda name: ratios[name])
    return which, ratios[which]


def _beyond(pattern: multivariate.Pattern, point: Mapping[str, Any]) -> bool:
    return _worst(pattern, point)[1] > 1


def _breaks(
    model: Mapping[str, Any], pattern: multivariate.Pattern, point: Mapping[str, Any]
) -> list[dict[str, Any]]:
    limits = {"t2": pattern.t2_limit, "spe": pattern.spe_limit}
    return [
        {
            "chart_id": chart_of(model["equipment_id"]),
            "series": SERIES[which],
            "rule": Rule.BEYOND.value,
            "at_us": point["at_us"],
            "equipment_id": model["equipment_id"],
            "value": point[which],
            "above": True,
            "limits_version": model["version"],
            "found_wall_us": wall_us(),
            "case_id": None,
        }
        for which, limit in limits.items()
        if point[which] > limit
    ]
