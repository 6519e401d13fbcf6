"""How a chart is judged: each point by the limits that were in force when it was measured.

Limits are in force from the moment on in which they were frozen until the next ones were; points before the
first freeze are judged by the first limits. CUSUM, EWMA and rules on runs remember what came before: so a
span is judged together with the samples before it, from the beginning of phase I of its limits on (as far
back as the chart remembers, LEAD stretches at most), and the span is cut out afterwards. Samples older than
the first phase I are judged apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.store import charts as store
from data.store import spc_days
from data.store.spc_days import Values
from domain.clock import FOR_EVER_US
from domain.spc.charts import remembers, series_of
from domain.spc.model import Kind, Limits, Series, Weights
from domain.spc.rules import REACH, Break, breaks_of
from services.spc.definition import Chart, limits_from

LEAD = 20_000  # two years and a quarter of hourly samples
Frozen = Mapping[str, Any]
Judged = tuple[tuple[Series, ...], tuple[Break, ...]]
Era = tuple[Frozen, int, int]  # limits, and the span (from, to] that they judge


def in_force(versions: Sequence[Frozen], at_us: int) -> Frozen:
    """The limits by which a point is judged; `versions` are all of a chart, the newest first."""
    return next((one for one in versions if one["frozen_us"] < at_us), versions[-1])


def judged(tx: Connection, chart: Chart, versions: Sequence[Frozen], from_us: int, to_us: int) -> Judged:
    """The series of the samples that end in (from, to], and the rules that they broke. `versions` are all
    limits of the chart (one at least), the newest first."""
    eras = _eras(versions, from_us, to_us)
    return _joined(_part(tx, chart, limits, span) for limits, *span in eras)


def _eras(versions: Sequence[Frozen], from_us: int, to_us: int) -> list[Era]:
    oldest_first = list(reversed(versions))
    begins = [-FOR_EVER_US, *(one["frozen_us"] for one in oldest_first[1:]), FOR_EVER_US]
    found = [
        (one, max(begin, from_us), min(end, to_us))
        for one, (begin, end) in zip(oldest_first, pairwise(begins), strict=True)
        if max(begin, from_us) < min(end, to_us)
    ]
    found = found or [(versions[0], from_us, to_us)]
    first, low, high = found[0]
    if first is oldest_first[0] and low < first["from_us"] < high:
        return [(first, low, first["from_us"]), (first, first["from_us"], high), *found[1:]]
    return found


def _joined(parts: Iterable[Judged]) -> Judged:
    """Spans in a row as one."""
    drawn: tuple[Series, ...] = ()
    broken: list[Break] = []
    for series, breaks in parts:
        moved = {one.name: len(one.points) for one in drawn}
        broken += [replace(one, index=one.index + moved.get(one.series, 0)) for one in breaks]
        pairs = zip(drawn, series, strict=True)
        drawn = tuple(replace(a, points=(*a.points, *b.points)) for a, b in pairs) if drawn else series
    return drawn, tuple(broken)


def _part(tx: Connection, chart: Chart, limits: Frozen, span: Sequence[int]) -> Judged:
    """What ends in (from, to], judged by one version of limits."""
    from_us, to_us = span
    since, frozen, sums = _since(tx, chart, limits, from_us, to_us), limits_from(limits), (0.0, 0.0)
    if chart.kind is Kind.CUSUM:
        before = spc_days.read(tx, [chart.chart_id], since, from_us).get(chart.chart_id, spc_days.NONE)
        sums = sums_after(before, frozen, chart.weights)
        since = from_us
    samples = store.samples(tx, chart.chart_id, since, to_us)
    shown, broken = [], []
    for series in series_of(chart.kind, samples, frozen, chart.weights, sums):
        lead = sum(point.at_us <= from_us for point in series.points)
        shown.append(replace(series, points=series.points[lead:]))
        broken += [
            replace(one, index=one.index - lead)
            for one in breaks_of(series, chart.rules)
            if one.index >= lead
        ]
    return tuple(shown), tuple(broken)


def sums_after(samples: Values, limits: Limits, weights: Weights) -> tuple[float, float]:
    """Where a CUSUM stands after samples, above and below."""
    if not len(samples.sizes):
        return 0.0, 0.0
    begins = np.cumsum(samples.sizes) - samples.sizes
    sigmas = np.array([limits.of_mean(n) for n in range(1, int(samples.sizes.max()) + 1)])
    means = np.add.reduceat(samples.values, begins) / samples.sizes
    scores = (means - limits.level) / sigmas[samples.sizes - 1]
    return _above(scores - weights.cusum_slack), _above(-scores - weights.cusum_slack)


def _above(steps: NDArray[np.float64]) -> float:
    """Where a sum that never falls below 0 ends: the whole way less its lowest point."""
    way = np.cumsum(steps)
    return float(way[-1] - min(0.0, way.min()))


def _since(tx: Connection, chart: Chart, limits: Frozen, from_us: int, to_us: int) -> int:
    """From when on samples matter to a span: not before phase I, and not longer than the chart remembers."""
    begin: int = limits["from_us"]
    if to_us <= begin:
        return from_us
    since = max(min(begin, from_us), from_us - LEAD * chart.every_us)
    memory = remembers(chart.kind, chart.weights)
    if memory is None:
        return since
    near = store.nth_before(tx, chart.chart_id, from_us, memory + REACH)
    return since if near is None else max(since, near - 1)
