"""The machines of a plant: which are in it, which were taken out, since when and why."""

from collections.abc import Sequence

from components.links import link
from components.tables import empty, panel, small, table
from components.words import moment, plural, safe
from services.rows.plant import MachineRow, TakenOut
from services.rows.site import SiteRow


def headline(rows: Sequence[MachineRow]) -> str:
    """How many are in, and how many are out; HTML."""
    out = [row for row in rows if row.out_us is not None]
    said = f"<b>{plural(len(rows) - len(out), 'machine')} in the plant"
    said += f", {len(out)} taken out.</b>" if out else ".</b>"
    loud = [row.name for row in out if row.flagged]
    if loud:
        verb = "runs" if len(loud) == 1 else "run"
        said += f' <span class="tw-high">&#9650; {safe(", ".join(loud))} {verb} all the same.</span>'
    return said


def machines_panel(rows: Sequence[MachineRow], site: SiteRow, now_us: int) -> str:
    """Every machine, those that are out first."""
    if not rows:
        return panel("Machines", empty("No machine stands here yet."))
    head = ("Machine", "Line", "Last heard", "In the plant", "Why, and who said so")
    body = [
        (
            link(row.name, "machine", id=row.equipment_id)
            + (small("sets the pace of its line") if row.sets_pace else ""),
            link(row.line_name, "line", id=row.line_id),
            f'<span class="tw-nw">{moment(row.heard_us, site.time_zone, now_us)}</span>',
            _standing(row, site, now_us),
            f"{safe(row.out_reason)}{small(safe(row.out_by)) if row.out_by else ''}",
        )
        for row in rows
    ]
    return panel("Machines", table(head, body), plural(len(rows), "machine"))


def _standing(row: MachineRow, site: SiteRow, now_us: int) -> str:
    if row.out_us is None:
        return '<span class="tw-muted">in</span>'
    since = f"out since {moment(row.out_us, site.time_zone, now_us)}"
    if not row.flagged:
        return f"<b>{since}</b>"
    return f'<span class="tw-high">&#9650; {since}</span>{small("but it ran: see the remarks on Figures")}'


def machine_name(row: MachineRow) -> str:
    """A machine in a list to choose from."""
    return f"{row.line_name}, {row.name}"


def taken_words(row: MachineRow, done: TakenOut) -> str:
    """What taking a machine out came to, in a few sentences."""
    said = f"{row.name} is out of the plant."
    if row.sets_pace:
        said += f" It sets the pace of {row.line_name}, which has no OEE until it is back."
    if done.withdrawn:
        said += f" {_cases(done.withdrawn)} withdrawn."
    if done.under_way:
        said += f" The work of {_cases(done.under_way).lower()} was ordered and goes on."
    return said


def _cases(numbers: Sequence[int]) -> str:
    return f"Case{'s' if len(numbers) > 1 else ''} {', '.join(str(number) for number in numbers)}"
