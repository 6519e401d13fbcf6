"""What will be sent to the MES and the ERP: each order in words, with every field behind one click."""

from collections.abc import Sequence

from components.course import receiver
from components.tables import bullets, panel, table
from components.words import NOTHING, lapse, moment, plural, safe
from domain.cases import UNDECIDED
from domain.clock import SECOND
from domain.messages import Cancel, MaintenanceOrder, Work
from services.rows.decide import CaseView, CommandRow
from services.rows.site import SiteRow


def orders_panel(case: CaseView, site: SiteRow, now_us: int) -> str:
    """The orders of a case; before the decision what would be sent, afterwards what was ordered."""
    rows = [_order(command, site, now_us) for command in case.commands]
    note = f'<p class="tw-muted tw-small">If nobody decides: {safe(case.default_action)}</p>'
    title = "What will be sent" if case.state in UNDECIDED else "What was ordered"
    return panel(title, (table((), rows) if rows else bullets((), "Nothing would be sent.")) + note)


def _order(command: CommandRow, site: SiteRow, now_us: int) -> Sequence[str]:
    facts = "".join(f"<dt>{safe(k)}</dt><dd>{safe(v)}</dd>" for k, v in work_facts(command, site, now_us))
    return (
        f'<span class="tw-nw">{safe(receiver(command.queue))}</span>',
        f'{safe(command.payload.words)}<details class="tw-details"><summary>All fields</summary>'
        f'<dl class="tw-facts">{facts}</dl></details>',
    )


def work_facts(command: CommandRow, site: SiteRow, now_us: int) -> list[tuple[str, str]]:
    """Every field of an order as (name, value), in words."""
    facts = [("Queue", command.queue), ("Kind", command.payload.kind.value.replace("_", " "))]
    facts += _fields(command.payload.work, site, now_us)
    return [*facts, ("Once-only key", command.business_key), ("Message", command.command_id)]


def _fields(work: Work, site: SiteRow, now_us: int) -> list[tuple[str, str]]:
    if isinstance(work, Cancel):
        return [("Takes back", work.command_id), ("Reason", work.reason)]
    if isinstance(work, MaintenanceOrder):
        return [
            ("Machine", work.equipment_id),
            ("Start", moment(work.start_us, site.time_zone, now_us)),
            ("Duration", lapse(work.duration_s * SECOND)),
            ("Task", work.task),
            ("Skill", work.skill),
            ("Part", work.part_id or NOTHING),
            ("Cause", work.cause.replace("_", " ")),
            ("Only inspect", "yes" if work.inspect_only else "no"),
        ]
    return [
        ("Part", work.part_id),
        ("Quantity", plural(work.quantity, "piece")),
        ("Needed", moment(work.needed_us, site.time_zone, now_us)),
        ("For machine", work.for_equipment_id),
    ]
