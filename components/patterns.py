"""Machines against their usual pattern of several sensors, in words and tables."""

from collections.abc import Sequence

from components.links import link
from components.tables import empty, panel, small, table
from components.words import NOTHING, age_roughly, metric_label, moment, number, safe
from domain.recommendation import cause_label
from services.rows.quality import PatternRow, PatternView
from services.rows.site import SiteRow


def patterns_table(rows: Sequence[PatternRow], now_us: int) -> str:
    """Machines by how far their newest hour is from the usual pattern."""
    if not rows:
        return panel("Machines", empty("No machine's usual pattern is frozen yet."))
    head = ("Machine", "T\u00b2, % of its limit", "SPE, % of its limit", "Newest hour", "")
    body = table(head, (_pattern(r, now_us) for r in rows), right=(1, 2, 3))
    return panel("Machines against their usual pattern", body)


def _pattern(row: PatternRow, now_us: int) -> Sequence[str]:
    return (
        f"{link(row.name, 'pattern', id=row.equipment_id)}{small(safe(row.line_name))}",
        _share(row.t2_share),
        _share(row.spe_share),
        f'<span class="tw-nw">{age_roughly(row.at_us, now_us)}</span>',
        link("Open", "pattern", id=row.equipment_id),
    )


def _share(share: float | None) -> str:
    if share is None:
        return NOTHING
    text = f"{100 * share:,.0f}"
    return f'<span class="tw-high tw-num">&#9650; {text}</span>' if share > 1 else text


def _percent(share: float) -> str:
    return f"{round(100 * share)}".replace("-", "\u2212")


def parts_panel(view: PatternView, site: SiteRow, now_us: int) -> str:
    """Which sensors make one hour odd, by name."""
    if not view.parts or view.chosen_us is None:
        return panel("What makes it odd", empty("No hour of running in this stretch."))
    rows = [
        (
            safe(metric_label(p.metric)),
            number(p.value),
            number(p.usual),
            f"{p.sigmas:+.1f}".replace("-", "\u2212"),
            _percent(p.t2),
            _percent(p.spe),
        )
        for p in view.parts
    ]
    head = ("Sensor", "Median of the hour", "Usual", "Sigmas", "% of T\u00b2", "% of SPE")
    title = f"The hour that ended {moment(view.chosen_us, site.time_zone, now_us)}, sensor by sensor"
    note = small(
        "Shares add up to 100 %; a negative share pulls back towards the usual pattern. "
        f"{view.components} components of {len(view.metrics)} sensors."
    )
    return panel(title, table(head, rows, right=(1, 2, 3, 4, 5)) + note)


def noted_panel(view: PatternView, site: SiteRow, now_us: int) -> str:
    """Hours beyond a limit as they were written down, and the cases they led to; who switched cases on."""
    rows = [
        (
            f'<span class="tw-nw">{moment(b.at_us, site.time_zone, now_us)}</span>',
            "T\u00b2" if b.series == "T2" else b.series,
            number(b.value),
            link(f"Case {b.case_number}", "case", case=str(b.case_number)) if b.case_number else "",
        )
        for b in view.noted
    ]
    body = (
        table(("Hour that ended", "Beyond its limit", "Value", ""), rows, right=(2,), tight=True)
        if rows
        else empty("No hour lay beyond a limit since the pattern was frozen.")
    )
    return panel("Hours beyond a limit", body + small(opens_text(view, site, now_us)))


def opens_text(view: PatternView, site: SiteRow, now_us: int) -> str:
    """Whether a case is opened, and who said so; HTML."""
    said = view.opens
    if said is None:
        return "No case is opened: nobody has switched that on."
    when = moment(said.changed_us, site.time_zone, now_us)
    does = "Two of three hours beyond open a case" if said.opens_case else "No case is opened"
    cause = safe(cause_label(said.cause))
    return f"{does} (suspected: {cause}), set by {safe(said.changed_by)}, {when}: {safe(said.reason)}"
