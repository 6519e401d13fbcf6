"""The course of a case and the answers of the receivers."""

from collections.abc import Sequence

from components.tables import panel, table
from components.words import NOTHING, moment, safe
from domain.messages import CommandState
from services.rows.decide import CommandRow, CourseStep
from services.rows.site import SiteRow

_STATES = {
    CommandState.PROPOSED: "not sent yet",
    CommandState.QUEUED: "waits to be sent",
    CommandState.SENT: "sent, no answer yet",
    CommandState.ACCEPTED: "accepted",
    CommandState.REFUSED: "refused",
    CommandState.CANCELLED: "taken back",
    CommandState.DONE: "done",
}


def receiver(queue: str) -> str:
    """`mes.line-3` as people say it: `MES line 3`."""
    system, _, name = queue.partition(".")
    return f"{system.upper()} {name.replace('-', ' ')}".strip()


def course_panel(steps: Sequence[CourseStep], site: SiteRow, now_us: int) -> str:
    """What has happened with its times, then what is to come, in grey."""
    return panel("Course", f'<div class="tw-course">{"".join(_step(s, site, now_us) for s in steps)}</div>')


def _step(step: CourseStep, site: SiteRow, now_us: int) -> str:
    when = f"<b>{moment(step.at_us, site.time_zone, now_us)}</b>"
    kind = "tw-high" if step.alarming else "tw-muted" if step.at_us is None else ""
    mark = "&#9650; " if step.alarming else ""
    return f'<div class="{kind}">{when}<span>{mark}{safe(step.text)}</span></div>'


def receipts_panel(commands: Sequence[CommandRow], site: SiteRow, now_us: int) -> str:
    """Each order with where it stands and the last answer of its receiver."""
    rows = [_receipt_row(command, site, now_us) for command in commands]
    return (
        panel("Orders and receipts", table(("Receiver", "Order", "State"), rows, tight=True)) if rows else ""
    )


def _receipt_row(command: CommandRow, site: SiteRow, now_us: int) -> Sequence[str]:
    last = command.receipts[-1] if command.receipts else None
    wrong = command.state is CommandState.REFUSED
    mark, kind = ("&#9650; ", "tw-high tw-num") if wrong else ("", "tw-num")
    state = f'<span class="{kind}">{mark}{_STATES[command.state]}</span>'
    when = moment(last.at_us if last else command.sent_us, site.time_zone, now_us)
    detail = last.detail if last and last.detail else command.detail or command.trouble
    below = " ".join(part for part in ("" if when == NOTHING else when, safe(detail)) if part)
    return (
        f'<span class="tw-nw">{safe(receiver(command.queue))}</span>',
        safe(command.payload.words),
        f'{state}<div class="tw-muted tw-small">{below}</div>',
    )
