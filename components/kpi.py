"""KPI tables: figures with their parts, losses in time and money, oddities."""

from collections.abc import Sequence

from components.kpi_charts import trend_svg, waterfall_svg
from components.links import link
from components.tables import csv_bytes, empty, panel, small, table
from components.words import NOTHING, lapse, money, number, plural, safe
from domain.clock import HOUR, SECOND
from domain.kpi import Measures
from services.rows.kpi import BigLossRow, KpiRow, KpiView, LossRow
from services.rows.site import SiteRow

CAUSES = {
    "no_data": "No data",
    "no_order": "No order",
    "idle": "Idle",
    "waiting": "Waited, cause unknown",
    "blocked": "Blocked",
    "starved": "Starved",
    "minor_stop": "Minor stops",
    "failure": "Failures",
    "setup": "Setup",
}
HEAD = (
    "", "OEE", "Target", "Availability", "Effectiveness", "Quality", "Good", "Scrap", "Busy time", "Failures",
)  # fmt: skip
CSV_HEAD = (
    "part", "level", "oee", "target", "availability", "effectiveness", "quality", "nee", "teep",
    "allocation efficiency", "utilisation efficiency", "technical efficiency", "setup rate", "scrap ratio",
    "rework ratio", "first pass yield", "corrective maintenance ratio", "energy per good part kWh", "mtbf h",
    "mttr h", "parts per hour", "good", "scrap", "calendar h", "planned busy h", "failures", "minor stops",
    "mttf h", "scrap against plan", "energy per part made kWh", "quality target",
)  # fmt: skip
FALLING_SHORT = 0.005


def percent(value: float | None) -> str:
    """`78.4 %`; over 100 % it is marked, a missing one is a dash."""
    if value is None:
        return f'<span class="tw-muted">{NOTHING}</span>'
    text = f"{100 * value:.1f} %"
    return f'<span class="tw-high">&#9650; {text}</span>' if value > 1.0005 else text


def nw(html: str) -> str:
    """Kept on one line; `html` is HTML already."""
    return f'<span class="tw-nw">{html}</span>'


def against(value: float | None, target: float | None) -> str:
    """A ratio that says by shape and colour when it falls short of its target."""
    if value is None or target is None or value >= target - FALLING_SHORT:
        return nw(f"<b>{percent(value)}</b>")
    return nw(f'<b class="tw-high">&#9660; {100 * value:.1f} %</b>')


def _why_none(m: Measures) -> str:
    if m.uncounted_us and not m.told_us:
        return "the machine has no counter of good parts"
    if m.rated and m.unplanned:
        return "it has no shift plan for the time in which it worked"
    return "part of the production has no planned cycle time" if m.produced else "nothing was made"


def headline(view: KpiView) -> str:
    """One sentence: OEE, the target, and the largest loss; HTML."""
    whole, oee = view.whole, view.whole.figures.oee
    name = safe(whole.name)
    if not whole.measures.calendar_us:
        return f"<b>{name}: no figures in this stretch.</b>"
    if oee is None:
        return f"<b>{name}: no OEE</b>, because {_why_none(whole.measures)}."
    goal = ""
    if whole.target is not None:
        points = 100 * (oee - whole.target)
        goal = f", {abs(points):.1f} points {'over' if points >= 0 else 'under'} target"
    worst = None if view.ask.product else next((row for row in view.losses if row.cents), None)
    tail = (
        f" Largest loss: {safe(_cause(worst)[0].lower() + _cause(worst)[1:])}, {lapse(worst.lost_us)}."
        if worst
        else ""
    )
    return f"<b>{name} {100 * oee:.1f} % OEE{goal}.</b>{tail}"


def parts_panel(title: str, rows: Sequence[KpiRow], keep: dict[str, str]) -> str:
    """A table of figures; parts of the plant link to their own figures, with the same filters."""
    if not rows:
        return panel(title, empty("Nothing in this stretch."))
    body = (
        (
            _linked(row, keep),
            against(row.figures.oee, row.target),
            f"{100 * row.target:.0f} %" if row.target is not None else NOTHING,
            percent(row.figures.availability),
            percent(row.figures.effectiveness),
            percent(row.figures.quality),
            f"{row.measures.good:,.0f}",
            f"{row.measures.scrap:,.0f}",
            f"{row.measures.pbt_us / HOUR:,.1f} h",
            f"{row.measures.failures:,}",
        )
        for row in rows
    )
    return panel(title, table(HEAD, body, right=tuple(range(1, 10))))


def _linked(row: KpiRow, keep: dict[str, str]) -> str:
    if row.level in ("line", "unit", "area", "site"):
        return link(row.name, "kpi", id=row.key, **keep)
    return safe(row.name)


def figures_panel(view: KpiView) -> str:
    """Every KPI of the scope, with the formula in words."""
    f, m = view.whole.figures, view.whole.measures
    low, high = view.mtbf_low_s, view.mtbf_high_s
    between = f"{_span(low)} to {_span(high)}" if high is not None else f"over {_span(low)}" if low else ""
    rows = (
        ("OEE", percent(f.oee), "planned run time of the good parts / planned busy time"),
        ("Net effectiveness (NEE)", percent(f.nee), "as OEE, setup is no loss"),
        ("TEEP (not ISO 22400)", percent(f.teep), "as OEE, against all time that is known"),
        ("Availability", percent(f.availability), "running / planned busy time"),
        ("Effectiveness", percent(f.effectiveness), "planned / actual run time"),
        ("Quality", percent(f.quality), "good parts / all parts, after inspection"),
        ("Allocation efficiency", percent(f.allocation_efficiency), "busy on orders / planned busy time"),
        ("Utilisation efficiency", percent(f.utilisation), "running / busy on orders"),
        ("Technical efficiency", percent(f.technical_efficiency), "running / running and stops"),
        ("Setup rate", percent(f.setup_rate), "setup / setup and running"),
        ("Scrap, rework", f"{percent(f.scrap_ratio)}, {percent(f.rework_ratio)}", "of all parts"),
        ("Scrap against plan", *_against_plan(view)),
        ("First pass yield", percent(f.first_pass_yield), "good at first / inspected parts"),
        ("MTBF", _span(f.mtbf_s), f"operating time / {plural(m.failures, 'failure')}; 90 % sure: {between}"),
        ("MTTF", _span(f.mttf_s), "time able to run, waits included / failures"),
        ("MTTR", _span(f.mttr_s), "time down / failures"),
        ("Corrective maintenance", percent(f.corrective_ratio), "of all maintenance time"),
        ("Energy per good part", number(f.energy_per_part, "kWh"), "all energy, scrap's too / good parts"),
        ("Energy per part made", number(f.energy_per_made, "kWh"), "ISO 22400: energy / good and scrap"),
        ("Throughput", number(f.throughput_per_hour, "parts/h"), "in planned busy time"),
    )
    body = (
        (safe(a), f'<b class="tw-nw">{b}</b>', f'<span class="tw-muted">{safe(c)}</span>') for a, b, c in rows
    )
    note = "minor stops count in " + ("performance" if view.model == "performance" else "availability")
    return panel("All figures", table((), body, right=(1,), tight=True), safe(note))


def _against_plan(view: KpiView) -> tuple[str, str]:
    target = view.quality_targets.get(view.ask.scope)
    if target is None:
        return NOTHING, "no quality target is set here or above"
    if target >= 1:
        return NOTHING, "the quality target allows no scrap"
    if view.whole.figures.scrap_ratio is None:
        return NOTHING, "nothing was made"
    allowed = f"of the {100 * (1 - target):.1f} % that the quality target allows"
    return percent(view.whole.figures.scrap_ratio / (1 - target)), allowed


def _span(seconds: float | None) -> str:
    if seconds is None:
        return NOTHING
    return f"{seconds / 60:,.1f} min" if seconds < 3600 else f"{seconds / 3600:,.1f} h"


def waterfall_panel(view: KpiView) -> str:
    """From all time to good parts."""
    drawn = waterfall_svg(view.whole.measures, view.model)
    per = "at the machine that sets each line's pace" if view.whole.level != "unit" else "of this machine"
    return panel("Where the time went", drawn or empty("No time in this stretch."), f"hours {per}")


def trend_panel(view: KpiView, site: SiteRow) -> str:
    """OEE by day, or by month."""
    drawn = trend_svg(view.days, site.time_zone)
    step = view.days[0].level if view.days else "day"
    return panel(f"OEE by {step}", drawn or empty(f"A trend needs two {step}s with figures."))


def _cause(row: LossRow) -> str:
    words = CAUSES.get(row.cause, row.cause.replace("_", " ").capitalize())
    return f"{words} by {row.charged_to}" if row.charged_to else words


def losses_panel(view: KpiView, site: SiteRow) -> str:
    """Losses by cause, the longest first, with their share and what they cost."""
    rows = view.losses[:14]
    if not rows:
        return panel("Losses", empty("No time was lost in this stretch."))
    longest, whole = rows[0].lost_us, sum(r.lost_us for r in view.losses)
    sum_us, body = 0, []
    for row in rows:
        sum_us += row.lost_us
        width = 100 * row.lost_us / longest
        bar = f'<div class="tw-track"><i style="width:{width:.1f}%;background:var(--fill)"></i></div>'
        body.append(
            (
                f"{nw(safe(_cause(row)))}{small(safe(row.name)) if view.whole.level != 'unit' else ''}",
                bar,
                nw(lapse(row.lost_us)),
                f"{row.times:,}",
                nw(f"{100 * sum_us / whole:.0f} %"),
                nw(money(row.cents, site.currency)),
            )
        )
    head = ("Cause", "", "Lost", "Times", "Sum", "Cost")
    note = (
        f"{money(view.cents_per_hour, site.currency)} an hour"
        if view.cents_per_hour
        else "each line at its own rate"
        if any(row.cents for row in view.losses)
        else "no cost rate stated"
    )
    return panel("Losses, longest first", table(head, body, right=(2, 3, 4, 5), wide=1), safe(note))


def big_losses_panel(view: KpiView, site: SiteRow) -> str:
    """The six big losses in time and money."""
    m = view.whole.measures
    body = (
        (
            safe(row.label) + (small("without lines of which it is not known") if row.partly else ""),
            _unknown(row, m) if row.seconds is None else lapse(round(row.seconds * SECOND)),
            money(row.cents or None, site.currency),
        )
        for row in view.big_losses
    )
    return panel("Six big losses", table(("Loss", "Lost", "Cost"), body, right=(1, 2)))


def _unknown(row: BigLossRow, m: Measures) -> str:
    """Why a loss is not known."""
    if row.name in ("failure", "minor"):
        return "no shift plan"
    return "parts not counted" if m.uncounted_us and not m.told_us else "no planned cycle"


def bottlenecks_panel(view: KpiView) -> str:
    """The machine that waits least per line, and whether it is the declared one."""
    body = [
        (
            safe(row.line),
            f"<b>{safe(row.name)}</b>",
            nw(f"{100 * row.found.active:.1f} %"),
            nw(f"{100 * row.found.lead:.1f} points"),
            nw(lapse(row.found.charged_us)),
            "as declared"
            if row.found.agrees
            else f'<span class="tw-high">&#9650; declared: {safe(row.declared)}</span>',
        )
        for row in view.bottlenecks
    ]
    head = ("Line", "Works most", "Active", "Ahead of the next by", "Others waited for it", "")
    return panel("Bottlenecks", table(head, body, right=(2, 3, 4)) if body else empty("No data."))


def figures_csv(view: KpiView) -> bytes:
    """The scope, its parts, shifts and products with every KPI; ratios as fractions. Scrap is set against the
    quality target of the row, else the nearest above it, which stands beside; without one both are empty."""
    rows = (view.whole, *view.areas, *view.parts, *view.shifts, *view.products)
    whole = view.quality_targets.get(view.ask.scope)
    own = {row.key for row in (*view.areas, *view.parts)}
    return csv_bytes(
        CSV_HEAD, (_csv(row, view.quality_targets.get(row.key) if row.key in own else whole) for row in rows)
    )


def _csv(row: KpiRow, quality: float | None) -> tuple[object, ...]:
    f, m = row.figures, row.measures
    mttf, *hours = (None if v is None else v / 3600 for v in (f.mttf_s, f.mtbf_s, f.mttr_s))
    return (
        row.name, row.level, f.oee, row.target, f.availability, f.effectiveness, f.quality, f.nee, f.teep,
        f.allocation_efficiency, f.utilisation, f.technical_efficiency, f.setup_rate, f.scrap_ratio,
        f.rework_ratio, f.first_pass_yield, f.corrective_ratio, f.energy_per_part, *hours,
        f.throughput_per_hour, m.good, m.scrap, m.calendar_us / HOUR, m.pbt_us / HOUR, m.failures,
        m.minor_stops, mttf,
        None if f.scrap_ratio is None or quality is None or quality >= 1 else f.scrap_ratio / (1 - quality),
        f.energy_per_made, quality,
    )  # fmt: skip
