"""Shadow mode in words: what would have been advised, beside what was done and what came."""

from collections.abc import Sequence

from components.links import link
from components.tables import csv_bytes, empty, panel, small, table
from components.words import instant, lapse, moment, money, of_100, plural, safe
from services.rows.oversight import ShadowRow, ShadowView
from services.rows.site import SiteRow


def headline(view: ShadowView) -> str:
    """Which models are in shadow, and how their advice would have turned out; HTML."""
    shadowed = [name for name, since in view.models if since is not None]
    who = (
        f"{', '.join(map(safe, shadowed))} in shadow: nothing is sent."
        if shadowed
        else "No model is in shadow."
    )
    over = [row for row in view.rows if row.over]
    right = sum(row.failed_us is not None for row in over)
    advice = plural(len(view.rows), "piece", "pieces")
    return f"<b>{who}</b> {advice} of advice, {right} of {len(over)} failed within the horizon."


def rows_panel(rows: Sequence[ShadowRow], site: SiteRow, now_us: int) -> str:
    """The comparison, newest first."""
    if not rows:
        return panel("What it would have advised", empty("Nothing yet."))
    head = ("Would have advised", "Risk", "When", "Worth", "What people did", "What came")
    return panel("What it would have advised", table(head, [_row(r, site, now_us) for r in rows], right=(3,)))


def _row(row: ShadowRow, site: SiteRow, now_us: int) -> Sequence[str]:
    did = safe(
        f"{row.worked} maintenance, {lapse(row.worked_us - row.opened_us)} later"
        if row.worked_us
        else "nothing"
    )
    if row.case_number is not None:
        did += small(f"{link(f'case {row.case_number}', 'case', case=str(row.case_number))} was open")
    return (
        f"{link(row.equipment_name, 'machine', id=row.equipment_id)}{small(safe(row.title))}",
        of_100(row.probability),
        f'<span class="tw-nw">{moment(row.opened_us, site.time_zone, now_us)}</span>{small(safe(row.model))}',
        f'<span class="tw-nw">{money(row.benefit_cents, site.currency)}</span>',
        did,
        safe(came(row)),
    )


def came(row: ShadowRow) -> str:
    """What became of the machine within the horizon."""
    if row.failed_us is not None:
        return f"failed, {lapse(row.failed_us - row.opened_us)} later"
    return "no failure" if row.over else "horizon not over yet"


def shadow_csv(rows: Sequence[ShadowRow], site: SiteRow) -> bytes:
    """The comparison as CSV."""
    head = (
        "model",
        "machine",
        "line",
        "advice",
        "risk",
        "worth",
        "opened",
        "failed",
        "maintained",
        "as",
        "case",
        "came",
    )
    return csv_bytes(
        head,
        (
            (r.model, r.equipment_name, r.line_name, r.title, round(r.probability, 3), r.benefit_cents / 100,
             instant(r.opened_us, site.time_zone), instant(r.failed_us, site.time_zone),
             instant(r.worked_us, site.time_zone), r.worked, r.case_number or "", came(r))
            for r in rows
        ),
    )  # fmt: skip
