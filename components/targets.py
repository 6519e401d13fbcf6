"""Targets with the time for which they hold, beside what was reached."""

from collections.abc import Sequence

from components.kpi import against
from components.links import link
from components.tables import empty, panel, table
from components.words import NOTHING, local, plural, safe
from domain.wording import percent
from services.rows.site import SiteRow
from services.rows.targets import TargetRow, Targets

KPIS = {
    "oee": "OEE",
    "availability": "Availability",
    "effectiveness": "Speed (effectiveness)",
    "quality": "Quality",
}


def headline(found: Targets) -> str:
    """How many hold, how many are missed; HTML."""
    hold = [r for r in found.rows if r.state == "holds"]
    if not hold:
        return "<b>No target is in force here yet.</b>"
    short = [r for r in hold if r.reached is not None and r.reached < r.value]
    said = f"<b>{plural(len(hold), 'target')} in force.</b>"
    if short:
        verb = "was" if len(short) == 1 else "were"
        said += f" {len(short)} {verb} not reached over the last seven days."
    return said


def targets_panel(found: Targets, site: SiteRow) -> str:
    """Every version, those in force first."""
    if not found.rows:
        return panel("Targets", empty("Nobody has set a target yet."))
    head = ("For", "Figure", "Target", "Last 7 days", "From", "Until", "", "Set by")
    return panel("Targets", table(head, [_row(r, site) for r in found.rows], right=(2, 3)))


def _row(row: TargetRow, site: SiteRow) -> Sequence[str]:
    until = day_text(row.until_us, site) if row.until_us is not None else "no end"
    held = row.state == "holds"
    since = day_text(row.valid_from_us, site) if row.valid_from_us else "the start"
    return (
        link(row.scope_name, "kpi", id=row.scope),
        KPIS.get(row.kpi, row.kpi),
        f"<b>{percent(row.value)}</b>",
        against(row.reached, row.value) if held else NOTHING,
        f'<span class="tw-nw">{since}</span>',
        f'<span class="tw-nw">{until}</span>',
        "in force" if held else f'<span class="tw-muted">{row.state}</span>',
        safe(row.set_by) or "with the equipment",
    )


def day_text(us: int, site: SiteRow) -> str:
    """The local day, with the time where it is not midnight."""
    then = local(us, site.time_zone)
    return f"{then:%Y-%m-%d}" if (then.hour, then.minute) == (0, 0) else f"{then:%Y-%m-%d %H:%M}"


def without_note(found: Targets) -> str:
    """Lines without a target, or nothing."""
    if not found.without:
        return ""
    return f'<p class="tw-note">No OEE target at all: {safe(", ".join(found.without))}.</p>'


def target_name(row: TargetRow, site: SiteRow) -> str:
    """A target in a list to choose from."""
    figure, since = KPIS.get(row.kpi, row.kpi), day_text(row.valid_from_us, site)
    return f"{row.scope_name}: {figure} {percent(row.value)} from {since}"
