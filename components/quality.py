"""Control charts in words and tables: the list, the rules broken, limits with who and why, capability."""

from collections.abc import Sequence

from components.links import link
from components.tables import csv_bytes, empty, panel, small, table
from components.words import NOTHING, instant, metric_label, moment, number, plural, safe, unit_text
from domain.clock import HOUR
from domain.spc.model import ATTRIBUTES, DEFECTS, KIND_LABELS, Kind
from domain.spc.rules import RULE_LABELS, Rule
from services.rows.quality import ChartRow, ChartView, LimitsRow
from services.rows.site import SiteRow
from services.spc.intervals import Capability, Index

ALIKE = 0.35
FEW = 1.0
HEAD = ("Chart", "Machine", "Kind", "Rules broken, 24 h", "Newest rule broken", "When", "Case")
GOOD, POOR = 1.33, 1.0


def charts_headline(rows: Sequence[ChartRow]) -> str:
    """The sentence on top of the charts, HTML."""
    if not rows:
        return "No control chart is set up here yet."
    broken = [r for r in rows if r.recent]
    if not broken:
        return f"<b>All {plural(len(rows), 'chart')} quiet for 24 hours.</b>"
    verb = "has" if len(broken) == 1 else "have"
    return f"<b>{len(broken)} of {plural(len(rows), 'chart')} {verb} broken a rule within 24 hours.</b>"


def charts_table(rows: Sequence[ChartRow], site: SiteRow, now_us: int) -> str:
    """Charts, those with the newest broken rule first."""
    if not rows:
        return panel("Control charts", empty("No chart fits. Define one below, or choose another line."))
    return panel("Control charts", table(HEAD, (_row(r, site, now_us) for r in rows), right=(3, 5)))


def _row(row: ChartRow, site: SiteRow, now_us: int) -> Sequence[str]:
    chart = row.chart
    title = link(chart.title, "chart", id=chart.chart_id)
    if not row.limits_version:
        title += small("limits not frozen yet")
    rule = safe(RULE_LABELS[Rule(row.last_rule)]) if row.last_rule else NOTHING
    count = f'<span class="tw-high tw-num">&#9650; {row.recent}</span>' if row.recent else "0"
    case = link(f"Case {row.case_number}", "case", case=str(row.case_number)) if row.case_number else ""
    return (
        title,
        f"{safe(row.equipment_name)}{small(safe(row.line_name))}",
        safe(KIND_LABELS[chart.kind]),
        count,
        rule,
        f'<span class="tw-nw">{moment(row.last_us, site.time_zone, now_us)}</span>',
        case,
    )


def chart_headline(view: ChartView) -> str:
    """What the chart says, HTML."""
    points = len(view.series[0].points) if view.series else 0
    if view.limits is None:
        return "<b>The limits of this chart are not frozen yet.</b> Choose a calm stretch below and say why."
    if not points:
        return "<b>No sample in this stretch.</b> The machine did not run, or sent nothing."
    broken = sorted({(b.series, b.index) for b in view.breaks})
    last = max(len(s.points) for s in view.series)
    now = any(index == len(s.points) - 1 for name, index in broken for s in view.series if s.name == name)
    if now:
        return f"<b>The newest of {last} samples breaks a rule.</b> {len(broken)} did in this stretch."
    said = f"{len(broken)} of {last} samples in this stretch broke a rule."
    return f"<b>The newest sample is in control.</b> {said}"


def chart_facts(view: ChartView) -> str:
    """How the chart is made, in one quiet line."""
    chart = view.chart
    every = (
        f"{chart.every_us / HOUR:g} h" if chart.every_us >= HOUR else f"{chart.every_us // 60_000_000} min"
    )
    counted = "inspections" if chart.kind in DEFECTS else "scrap and rework"
    what = f"{metric_label(chart.metric)} while running" if chart.metric else f"{counted} from the MES"
    product = f", product {chart.product_id}" if chart.product_id else ""
    size = f"{chart.subgroup_size} values over {every}" if chart.metric else f"all parts of {every}"
    return safe(f"{KIND_LABELS[chart.kind]}: {what}{product}; a sample is {size}.")


def breaks_panel(view: ChartView, site: SiteRow, now_us: int) -> str:
    """The newest rules that were broken live, as they were written down, and the cases they led to."""
    rows = [
        (
            f'<span class="tw-nw">{moment(b.at_us, site.time_zone, now_us)}</span>',
            safe(RULE_LABELS[Rule(b.rule)]) + small(safe(b.series)),
            number(b.value * (100 if view.chart.kind is Kind.P else 1))
            + (" %" if view.chart.kind is Kind.P else ""),
            link(f"Case {b.case_number}", "case", case=str(b.case_number)) if b.case_number else "",
        )
        for b in view.noted
    ]
    body = (
        table(("When", "Rule", "Value", ""), rows, right=(2,), tight=True)
        if rows
        else empty("No rule was broken since the limits were frozen.")
    )
    return panel("Rules broken", body)


def limits_panel(view: ChartView, site: SiteRow, now_us: int) -> str:
    """Every version of the limits: from when, by whom, why."""
    if not view.history:
        return panel("Limits", empty("Nobody has frozen limits yet."))
    rows = [_limits(row, view, site, now_us) for row in view.history]
    note = ""
    if len(view.history) > 1:
        note = '<p class="tw-note">Each point is judged by the limits in force when it was measured.</p>'
    expected = _expected(view)
    if expected is not None and expected < FEW:
        note += (
            f'<p class="tw-note">A sample expects only {expected:.1f} bad parts: its limits mean little. '
            "Let a sample stand for a longer stretch.</p>"
        )
    alike = view.history[0].resemblance
    if alike > ALIKE:
        note += (
            f'<p class="tw-note">Neighbouring samples resemble each other (r = {alike:.2f}): '
            "rules on runs speak more often than chance alone would.</p>"
        )
    return panel(
        "Limits and who froze them", table(("Version", "Made from", "Level", "By"), rows, right=(2,)) + note
    )


def _limits(row: LimitsRow, view: ChartView, site: SiteRow, now_us: int) -> Sequence[str]:
    factor, unit = (100, "%") if view.chart.kind is Kind.P else (1, unit_text(view.unit))
    span = f"{moment(row.from_us, site.time_zone, now_us)} to {moment(row.to_us, site.time_zone, now_us)}"
    left_out = f", {len(row.excluded)} left out" if row.excluded else ""
    return (
        f"{row.version}",
        f"{span}{small(f'{row.samples} samples{left_out}')}",
        f"{number(row.level * factor)} {safe(unit)}",
        f"{safe(row.frozen_by)}, {moment(row.frozen_us, site.time_zone, now_us)}{small(safe(row.reason))}",
    )


def capability_panel(view: ChartView) -> str:
    """The indices with their 95 % intervals, and whether they may be read as a share of bad parts."""
    found = view.capability
    if found is None:
        return panel("Capability", empty(view.capability_why))
    rows = [_index(index) for index in found.indices]
    names = {i.name for i in found.indices}
    notes = _capability_notes(found, "Cmk" not in names)
    tolerance = _tolerance(view)
    body = table(("Index", "Value", "95 % interval", ""), rows, right=(1, 2), tight=True)
    return panel("Capability", body + "".join(f'<p class="tw-note">{n}</p>' for n in notes), tolerance)


def _index(index: Index) -> Sequence[str]:
    if index.value is None or index.low is None or index.high is None:
        return (index.name, NOTHING, "", "needs both limits of the tolerance")
    if index.low >= GOOD:
        words = "capable"
    elif index.high < POOR:
        words = '<span class="tw-high tw-num">&#9650; not capable</span>'
    elif index.value < GOOD:
        words = "below 1.33"
    else:
        words = "capable, more data would say it surely"
    return (f"<b>{index.name}</b>", f"{index.value:.2f}", f"{index.low:.2f} to {index.high:.2f}", words)


def _capability_notes(found: Capability, no_run: bool) -> list[str]:
    notes = []
    if found.normality.p is None:
        notes.append("Too few different values to check whether they are normally distributed.")
    elif found.normality.doubtful:
        by = (
            f" By percentiles, Ppk is {found.by_percentiles:.2f}." if found.by_percentiles is not None else ""
        )
        notes.append(
            f"The values are hardly normal (Shapiro-Wilk p = {found.normality.p:.2g}, "
            f"skew {found.normality.skew:.1f}): read no share of bad parts off the indices.{by}"
        )
    else:
        notes.append(f"Nothing speaks against normal values (Shapiro-Wilk p = {found.normality.p:.2g}).")
    if no_run:
        notes.append("Cm and Cmk need 50 values in a row without a stop; there is no such run.")
    notes.append(f"{found.values:,} values, {found.outside} of them outside the tolerance.")
    return notes


def _tolerance(view: ChartView) -> str:
    low, high, unit = view.chart.tolerance_low, view.chart.tolerance_high, unit_text(view.unit)
    if low is not None and high is not None:
        return safe(f"tolerance {number(low)} to {number(high)} {unit}")
    return safe(f"at most {number(high)} {unit}" if high is not None else f"at least {number(low)} {unit}")


def counted_note(view: ChartView) -> str:
    """What a chart of counts counts, in plain words; nothing for charts of values."""
    if view.chart.kind not in ATTRIBUTES:
        return ""
    said = "Counted: bad parts (scrap and rework) of the MES inspections, each part once."
    if view.chart.kind in DEFECTS:
        said = "Counted: defects by the MES inspections; a part may have several."
        if not view.times:
            said += " The MES has named none in this stretch: there is nothing to chart."
        elif view.uneven:
            said += " Samples differ in their number of parts: a u chart (defects per part) fits better."
    return f'<p class="tw-note">{said}</p>'


def odd_panel(view: ChartView) -> str:
    """Inspections that contradict themselves: named, never charted."""
    if not view.odd:
        return ""
    shown = ", ".join(safe(i) for i in view.odd[:8])
    return panel(
        "Left out",
        f"<p>{plural(len(view.odd), 'inspection')} of the MES with a negative count: {shown}. "
        "They are not in the chart; correct them in the MES.</p>",
    )


CSV_HEAD = ("series", "sample_end", "value", "centre", "lower", "upper", "rules_broken")


def chart_csv(view: ChartView, site: SiteRow) -> bytes:
    """Every point of a chart with its lines, times in the site's zone."""
    broken: dict[tuple[str, int], list[str]] = {}
    for one in view.breaks:
        broken.setdefault((one.series, one.index), []).append(one.rule.value)
    return csv_bytes(
        CSV_HEAD,
        (
            (
                series.name, instant(p.at_us, site.time_zone), p.value, p.center, p.lower, p.upper,
                " ".join(broken.get((series.name, i), [])),
            )
            for series in view.series
            for i, p in enumerate(series.points)
        ),
    )  # fmt: skip


def charts_csv(rows: Sequence[ChartRow], site: SiteRow) -> bytes:
    """The list of charts."""
    head = ("chart", "machine", "line", "kind", "broken_24h", "newest_rule", "when", "case")
    return csv_bytes(
        head,
        (
            (
                r.chart.title, r.equipment_name, r.line_name, r.chart.kind.value, r.recent, r.last_rule,
                instant(r.last_us, site.time_zone), r.case_number,
            )
            for r in rows
        ),
    )  # fmt: skip


def _expected(view: ChartView) -> float | None:
    """Bad parts that the newest sample of a p chart expects: n p, with n from its sigma."""
    if view.chart.kind is not Kind.P or not view.series or not view.series[0].points:
        return None
    point = view.series[0].points[-1]
    return point.center**2 * (1 - point.center) / point.sigma**2 if point.sigma > 0 else None
