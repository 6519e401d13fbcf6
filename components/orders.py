"""What will be sent to the MES and the ERP: each order in words, with every field behind one click."""

from collections.abc import Sequence

from components.course import receiver
from components.tables import bullets, panel, small, table
from components.words import NOTHING, lapse, moment, plural, safe
from domain.cases import ABOUT_MODELS
from domain.clock import SECOND
from domain.messages import (
    Cancel,
    CommandKind,
    CommandState,
    MaintenanceOrder,
    Retraining,
    SetPointChange,
    Work,
)
from domain.process import exact, parameter_label
from services.rows.decide import CaseView, CommandRow
from services.rows.site import SiteRow

State = CommandState
_STATES = {
    State.PROPOSED: "not sent yet",
    State.QUEUED: "waits to be sent",
    State.SENT: "sent, no answer yet",
    State.ACCEPTED: "accepted",
    State.REFUSED: "refused",
    State.CANCELLED: "taken back",
    State.DONE: "done",
}


def orders_panel(case: CaseView, site: SiteRow, now_us: int) -> str:
    """What would be sent when somebody approves, and what happens when nobody does."""
    rows = [_order(command, site, now_us) for command in case.commands]
    note = f'<p class="tw-muted tw-small tw-last">If nobody decides: {safe(case.default_action)}</p>'
    return panel(
        "What will be done" if case.kind in ABOUT_MODELS else "What will be sent",
        (table((), rows) if rows else bullets((), "Nothing would be sent.")) + note,
    )


def first_start(commands: Sequence[CommandRow]) -> int | None:
    """The earliest start among orders that are only proposed; None without one."""
    works = [c.payload.work for c in commands if c.state is CommandState.PROPOSED]
    return min((work.start_us for work in works if isinstance(work, MaintenanceOrder)), default=None)


def receipts_panel(case: CaseView, site: SiteRow, now_us: int) -> str:
    """What was ordered: each order with where it stands, the last answer, and every field."""
    rows = [_ordered(command, site, now_us) for command in case.commands]
    body = table(("Receiver", "Order", "State"), rows) if rows else bullets((), "Nothing was ordered.")
    return panel("Orders and receipts", body)


def _ordered(command: CommandRow, site: SiteRow, now_us: int) -> Sequence[str]:
    last = command.receipts[-1] if command.receipts else None
    wrong = command.state is CommandState.REFUSED
    mark, kind = ("&#9650; ", "tw-high tw-num") if wrong else ("", "tw-num")
    when = moment(last.at_us if last else command.sent_us, site.time_zone, now_us)
    detail = last.detail if last and last.detail else command.detail or command.trouble
    below = ", ".join(part for part in ("" if when == NOTHING else when, safe(detail)) if part)
    receiver_cell, order_cell = _order(command, site, now_us)
    words = _STATES[command.state]
    if command.state is CommandState.CANCELLED and command.sent_us is None and not command.receipts:
        words = "not sent"
    state = f'<span class="{kind}">{mark}{words}</span>{small(below)}'
    return receiver_cell, order_cell, state


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
    if isinstance(work, Retraining):
        return [("Site", work.site_id), ("Model", work.model_name), ("Version", work.model_version)]
    if isinstance(work, SetPointChange):
        return _set_point(work)
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


def _set_point(work: SetPointChange) -> list[tuple[str, str]]:
    return [
        ("Machine", work.equipment_id),
        ("Product", work.product_id),
        ("Setting", parameter_label(work.parameter)),
        ("From", exact(work.from_value, work.unit)),
        ("To", exact(work.to_value, work.unit)),
        ("Holds", "from the next order of the product on"),
    ]


def what_can_be_taken_back(commands: Sequence[CommandRow]) -> dict[str, str]:
    """Orders that a receiver may still let go, by id, in words."""
    asked = {c.cancels for c in commands if c.cancels and c.state in (State.QUEUED, State.SENT)}
    held = (State.QUEUED, State.SENT, State.ACCEPTED)
    return {
        c.command_id: f"{receiver(c.queue)}: {c.payload.words}"
        for c in commands
        if c.payload.kind is not CommandKind.CANCEL and c.state in held and c.command_id not in asked
    }
