"""Reads for control charts, capability and usual patterns. Every method checks permission and scope."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, or_, select

from auth.permissions import Permission
from data.store import charts as store
from data.store import spc_days
from data.store import tables as t
from data.store.chart_versions import newest_charts
from domain.clock import DAY
from domain.equipment import line_of
from domain.errors import InvalidInput, NotFound
from domain.spc.capability import MACHINE_RUN
from domain.spc.model import Kind
from domain.telemetry import METRICS
from services.context import Context
from services.queries.common import in_scope, names_of, people, under
from services.rows.quality import CapabilityRow, ChartRow, ChartView, LimitsRow, NotedBreak
from services.spc.definition import METRIC, Chart, chart_of
from services.spc.intervals import Capability, Measured, capability
from services.spc.judging import judged
from services.spc.runs import newest_run
from services.spc.sampling import odd_results

_C, _B = t.spc_charts.c, t.spc_breaks.c
SHOWN_BREAKS = 12
UNEVEN = 1.25


class QualityQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def charts(self, line_id: str = "", equipment_id: str = "") -> tuple[ChartRow, ...]:
        """Active charts: those that broke a rule within 24 hours first, then by machine."""
        c = self._context
        c.actor.require(Permission.SEE_FLOOR)
        where = [
            _C.active.is_(True),
            in_scope(_C.equipment_id, c.actor),
            under(_C.equipment_id, c.site.site_id),
        ]
        where += [under(_C.equipment_id, chosen) for chosen in (line_id, equipment_id) if chosen]
        with c.database.read() as tx:
            charts = [chart_of(dict(row)) for row in tx.execute(newest_charts(*where)).mappings()]
            units = {chart.equipment_id for chart in charts}
            names = names_of(tx, units | {line_of(unit) for unit in units})
            newest, limits = store.newest_samples(tx), store.limits(tx)
            recent = _recent(tx, c.now_us)
        rows = [_row(chart, names, newest, limits, recent.get(chart.chart_id, ())) for chart in charts]
        return tuple(sorted(rows, key=lambda r: (-(r.last_us or 0), r.chart.equipment_id, r.chart.title)))

    def lines(self) -> tuple[tuple[str, str], ...]:
        """(id, name) of the lines that the actor may see."""
        c, e = self._context, t.equipment.c
        c.actor.require(Permission.SEE_FLOOR)
        query = select(e.equipment_id, e.name).where(
            e.level == "line", in_scope(e.equipment_id, c.actor), under(e.equipment_id, c.site.site_id)
        )
        with c.database.read() as tx:
            return tuple((row[0], row[1]) for row in tx.execute(query.order_by(e.equipment_id)))

    def capabilities(self, line_id: str, from_us: int, to_us: int) -> tuple[CapabilityRow, ...]:
        """Every chart with a tolerance over the samples that end in (from, to], the least capable first.

        Without Cm and Cmk: they need single readings, and stand on the chart's own screen.
        """
        c = self._context
        c.actor.require(Permission.SEE_FLOOR)
        where = [_C.active.is_(True), in_scope(_C.equipment_id, c.actor)]
        where += [
            under(_C.equipment_id, line_id or c.site.site_id),
            or_(_C.tolerance_low.is_not(None), _C.tolerance_high.is_not(None)),
        ]
        with c.database.read() as tx:
            charts = [chart_of(dict(row)) for row in tx.execute(newest_charts(*where)).mappings()]
            units = {chart.equipment_id for chart in charts}
            names = names_of(tx, units | {line_of(unit) for unit in units})
            limits = store.limits(tx, [chart.chart_id for chart in charts])
            values = spc_days.read(tx, [chart.chart_id for chart in charts], from_us, to_us)
            rows = [
                _capable(
                    tx, chart, limits.get(chart.chart_id), names, values.get(chart.chart_id, spc_days.NONE)
                )
                for chart in charts
            ]
        return tuple(sorted(rows, key=_least))

    def chart(self, chart_id: str, from_us: int, to_us: int) -> ChartView:
        """A chart with its samples that end in (from, to]; NotFound outside the actor's scopes."""
        c = self._context
        with c.database.read() as tx:
            row = store.chart(tx, chart_id)
            if row is None or not c.actor.may(Permission.SEE_FLOOR, row["equipment_id"]):
                raise NotFound("there is no such chart within your area")
            return _view(tx, row, from_us, to_us)


def _view(tx: Connection, row: Mapping[str, Any], from_us: int, to_us: int) -> ChartView:
    chart = chart_of(row)
    found = store.every_limits(tx, chart.chart_id)
    who = people(tx, [row["changed_by"], *(r["frozen_by"] for r in found)])
    history = tuple(limits_row(r, who) for r in found)
    samples = store.samples(tx, chart.chart_id, from_us, to_us)
    drawn, broken = judged(tx, chart, found, from_us, to_us) if found else ((), ())
    answer, why = _capability(tx, chart, found, Measured.of(s.values for s in samples))
    return ChartView(
        chart=chart,
        equipment_name=names_of(tx, [chart.equipment_id]).get(chart.equipment_id, chart.equipment_id),
        unit=_unit(chart),
        series=drawn,
        breaks=broken,
        limits=history[0] if history else None,
        history=history,
        noted=noted_of(tx, chart.chart_id),
        times=tuple(s.at_us for s in samples),
        capability=answer,
        capability_why=why,
        odd=tuple(odd_results(tx, chart.equipment_id, from_us, to_us)) if chart.source != METRIC else (),
        changed_by=who.get(row["changed_by"], row["changed_by"]),
        changed_us=row["changed_us"],
        reason=row["reason"],
        uneven=chart.kind is Kind.C and _uneven([s.size for s in samples]),
    )


def _uneven(sizes: Sequence[float]) -> bool:
    return bool(sizes) and max(sizes) > UNEVEN * min(sizes)


def _capable(
    tx: Connection,
    chart: Chart,
    limits: Mapping[str, Any] | None,
    names: Mapping[str, str],
    samples: spc_days.Values,
) -> CapabilityRow:
    measured = Measured(samples.values, samples.sizes)
    found, why = _capability(tx, chart, [limits] if limits else [], measured, run=False)
    line = names.get(line_of(chart.equipment_id), "")
    name = names.get(chart.equipment_id, chart.equipment_id)
    return CapabilityRow(chart, name, line, _unit(chart), found, why)


def _least(row: CapabilityRow) -> tuple[bool, float, str]:
    near = (
        [i.value for i in row.found.indices if i.name == "Ppk" and i.value is not None] if row.found else []
    )
    return not near, near[0] if near else 0.0, row.chart.title


def _capability(
    tx: Connection,
    chart: Chart,
    limits: Sequence[Mapping[str, Any]],
    samples: Measured,
    *,
    run: bool = True,
) -> tuple[Capability | None, str]:
    """The indices, or why there are none."""
    if chart.source != METRIC:
        return None, "Capability needs measured values; this chart counts parts."
    if chart.tolerance is None:
        return None, "Nobody has stated a tolerance for this value."
    if not limits:
        return None, "Freeze the limits first: capability says little of a process not known to be stable."
    values = newest_run(tx, chart, MACHINE_RUN) if run else ()
    try:
        return capability(chart.kind, samples, chart.tolerance, values), ""
    except InvalidInput as error:
        return None, f"{str(error)[:1].upper()}{str(error)[1:]}."


def limits_row(row: Mapping[str, Any], who: Mapping[str, str]) -> LimitsRow:
    """Frozen limits as shown."""
    return LimitsRow(
        row["version"], row["from_us"], row["to_us"], row["level"], row["sigma"], row["between"],
        row["samples"], row["resemblance"], tuple(json.loads(row["excluded"])),
        who.get(row["frozen_by"], row["frozen_by"]), row["frozen_us"], row["reason"],
    )  # fmt: skip


def noted_of(tx: Connection, chart_id: str) -> tuple[NotedBreak, ...]:
    """The newest broken rules of a chart as they were written down, and the cases they led to."""
    rows = store.breaks(tx, _B.chart_id == chart_id, SHOWN_BREAKS)
    numbers = _numbers(tx, [row["case_id"] for row in rows])
    return tuple(
        NotedBreak(r["rule"], r["series"], r["at_us"], r["value"], numbers.get(r["case_id"] or ""))
        for r in rows
    )


def _numbers(tx: Connection, case_ids: Sequence[str | None]) -> dict[str, int]:
    query = select(t.cases.c.case_id, t.cases.c.number).where(
        t.cases.c.case_id.in_([i for i in case_ids if i])
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def _recent(tx: Connection, now_us: int) -> dict[str, tuple[int, int, str, int | None]]:
    """By chart: breaks of the last 24 hours, the newest one's time and rule, and its case."""
    fresh = _B.at_us > now_us - DAY
    counted = select(_B.chart_id, func.count()).where(fresh).group_by(_B.chart_id)
    counts = {row[0]: row[1] for row in tx.execute(counted)}
    rows = store.breaks(tx, fresh, 5_000)
    numbers = _numbers(tx, [row["case_id"] for row in rows])
    found: dict[str, tuple[int, int, str, int | None]] = {}
    for row in reversed(rows):
        key = row["chart_id"]
        number = numbers.get(row["case_id"] or "") or (found[key][3] if key in found else None)
        found[key] = (counts[key], row["at_us"], row["rule"], number)
    return found


def _row(
    chart: Chart,
    names: Mapping[str, str],
    newest: Mapping[str, int],
    limits: Mapping[str, Mapping[str, Any]],
    recent: tuple[Any, ...],
) -> ChartRow:
    count, last_us, rule, number = recent or (0, None, "", None)
    line = line_of(chart.equipment_id)
    return ChartRow(
        chart=chart,
        equipment_name=names.get(chart.equipment_id, chart.equipment_id),
        line_id=line,
        line_name=names.get(line, line),
        newest_us=newest.get(chart.chart_id),
        limits_version=limits[chart.chart_id]["version"] if chart.chart_id in limits else 0,
        recent=count,
        last_rule=rule,
        last_us=last_us,
        case_number=number,
    )


def _unit(chart: Chart) -> str:
    spec = METRICS.get(chart.metric)
    return spec.unit if spec else ""
