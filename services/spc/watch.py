"""Keeps charts live: new samples as their stretch ends, broken rules written down, cases opened.

One chart is one transaction. A stretch is sampled once the figures say what its machine did. The newest
stretches are always sampled anew, and all since the earliest of those in which facts came later still (ingest
says so) or the machine did something else than it seemed (the figures say so), so that they count; what was
found broken stays written down with the limits that were in force.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from data.store import activity, late_charts
from data.store import charts as store
from data.store import tables as t
from data.store.chart_versions import newest_charts
from data.store.database import Database
from domain.clock import DAY, wall_us
from domain.errors import TaktwiseError
from domain.spc.rules import Break
from services.queries.common import under
from services.spc import casing, sampling
from services.spc.definition import QUALITY, Chart, chart_of
from services.spc.judging import in_force, judged

AGAIN = 6  # stretches that are sampled anew each time
BACK_US = 35 * DAY  # how far back a new chart looks for its first samples
log = logging.getLogger("taktwise.watch")


@dataclass(frozen=True, slots=True)
class Seen:
    """What one turn came to."""

    charts: int
    samples: int
    breaks: int
    cases: int


class ChartWatch:
    """Brings charts up to date. Remembers where each one stands, so that an idle turn costs one query."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._done: dict[str, tuple[int, int, int]] = {}

    def turn(self, site_id: str, now_us: int) -> Seen:
        """Sample and judge every active chart of a site whose stretch has ended by `now_us`, plant time."""
        with self._database.read() as tx:
            charts = _active(tx, site_id)
            ends = {chart.chart_id: _known_until(tx, chart, now_us) for chart in charts}
            versions = {key: row["version"] for key, row in store.limits(tx).items()}
        total = [0, 0, 0]
        due = 0
        for chart in charts:
            to_us = ends[chart.chart_id] // chart.every_us * chart.every_us
            mark = (to_us, chart.version, versions.get(chart.chart_id, 0))
            before = self._done.get(chart.chart_id)
            if before == mark:
                continue
            due += 1
            try:
                found = self._chart(chart, to_us, anew=before is None or before[1:] != mark[1:])
            except TaktwiseError as error:
                log.warning("chart %s: %s", chart.chart_id, error)
                continue
            self._done[chart.chart_id] = mark
            total = [a + b for a, b in zip(total, found, strict=True)]
        return Seen(due, *total)

    def _chart(self, chart: Chart, to_us: int, *, anew: bool) -> tuple[int, int, int]:
        """Sample the newest stretches. `anew`: judge all since phase I, the rules or limits are new to us."""
        with self._database.write() as tx:
            newest = store.newest_sample(tx, chart.chart_id)
            from_us = to_us - BACK_US if newest is None else min(newest, to_us) - AGAIN * chart.every_us
            late_us = late_charts.take(tx, chart.chart_id)
            from_us = from_us if late_us is None else max(to_us - BACK_US, min(from_us, late_us - 1))
            from_us -= from_us % chart.every_us
            samples = sampling.samples_of(tx, chart, from_us, to_us)
            store.drop_samples(tx, chart.chart_id, from_us, to_us)
            store.store_samples(tx, chart.chart_id, samples)
            versions = store.every_limits(tx, chart.chart_id)
            if not versions:
                return len(samples), 0, 0
            since = max(to_us - BACK_US if anew else from_us, versions[-1]["to_us"])  # phase I made them
            _, found = judged(tx, chart, versions, since, to_us) if since < to_us else ((), ())
            rows = [_break_row(chart, in_force(versions, one.at_us), one) for one in found]
            fresh = store.add_breaks(tx, rows)
            cases = casing.open_for(tx, chart, fresh, to_us)
        return len(samples), len(fresh), cases


def _known_until(tx: Connection, chart: Chart, now_us: int) -> int:
    """How far a chart can be sampled: values count where the machine is known to have worked."""
    return now_us if chart.source == QUALITY else min(now_us, activity.upto(tx, chart.equipment_id) or 0)


def _active(tx: Connection, site_id: str) -> list[Chart]:
    c = t.spc_charts.c
    query = newest_charts(c.active.is_(True), under(c.equipment_id, site_id)).order_by(c.chart_id)
    return [chart_of(dict(row)) for row in tx.execute(query).mappings()]


def _break_row(chart: Chart, limits: Mapping[str, Any], one: Break) -> dict[str, Any]:
    return {
        "chart_id": chart.chart_id,
        "series": one.series,
        "rule": one.rule.value,
        "at_us": one.at_us,
        "equipment_id": chart.equipment_id,
        "value": one.value,
        "above": one.above,
        "limits_version": limits["version"],
        "found_wall_us": wall_us(),
        "case_id": None,
    }
