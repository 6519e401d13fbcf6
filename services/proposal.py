"""From a chosen alternative to the orders that would be sent, and to the title of the case.

The maintenance order goes to the MES of the machine's line. The part is reserved where it lies
unreserved in stock; else procurement is asked for one, and the maintenance order waits for its
answer: a machine is not stopped for a part that nobody buys.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.costs import Setting
from domain.evidence import Alternative, ProposedCommand
from domain.messages import Cancel, CommandKind, MaintenanceOrder, Requisition, Reservation
from domain.recommendation import Choice, cause_phrase, clock_text, minutes_text
from services.situation import Machine

STOCK_QUEUE, PROCUREMENT_QUEUE = "erp.stock", "erp.procurement"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is needed to write orders: the case's number, the machine, the cause, and the choice."""

    number: int
    machine: Machine
    cause: str
    setting: Setting
    choice: Alternative
    zone: str
    round: int = 1

    @property
    def start_us(self) -> int:
        """The planned start; 0 for a choice that starts nothing."""
        return self.choice.start_us or 0

    def key(self, thing: str) -> str:
        """The business key: the thing in the real world that this case may bring about once only."""
        again = f"-{self.round}" if self.round > 1 else ""
        return f"CASE-{self.number}-{thing}{again}"


def orders(proposal: Proposal) -> tuple[ProposedCommand, ...]:
    """The commands of a choice; none for waiting and running to failure."""
    if proposal.choice.start_us is None:
        return ()
    if proposal.choice.key == Choice.INSPECT_FIRST:
        return (_work(proposal, CommandKind.INSPECTION_ORDER, 0, None),)
    part = _part(proposal)
    if part is None:
        return (_work(proposal, CommandKind.MAINTENANCE_ORDER, 0, None),)
    waits = part.position if part.kind is CommandKind.REQUISITION else None
    return (_work(proposal, CommandKind.MAINTENANCE_ORDER, 0, waits), part)


def _work(p: Proposal, kind: CommandKind, position: int, depends_on: int | None) -> ProposedCommand:
    inspect = kind is CommandKind.INSPECTION_ORDER
    task = p.setting.task
    work = MaintenanceOrder(
        equipment_id=p.machine.equipment_id,
        start_us=p.start_us,
        duration_s=p.choice.duration_s,
        task=f"Inspect for {cause_phrase(p.cause)}" if inspect else _told(task.task, p.choice.note),
        skill=task.skill,
        part_id=None if inspect else task.part_id,
        cause=p.cause,
        inspect_only=inspect,
    )
    when, long = clock_text(p.start_us, p.zone, p.setting.risk.at_us), minutes_text(p.choice.duration_s)
    order = "Inspection order" if inspect else "Maintenance order"
    words = f"{order} {p.machine.name}, {when}, {long}, {task.skill}: {work.task}"
    key = p.key("INSPECTION" if inspect else "MAINTENANCE")
    return ProposedCommand(position, p.machine.mes_queue, kind, work, key, words, depends_on)


def _told(task: str, note: str) -> str:
    """The work, and what people do besides it."""
    return f"{task}; {note}" if note else task


def _part(p: Proposal) -> ProposedCommand | None:
    task, stock = p.setting.task, p.setting.stock
    if task.part_id is None:
        return None
    name = f"1 x {task.part_name or task.part_id}"
    if p.setting.part_in_stock and stock is not None:
        words = f"Reserve {name} ({stock.unreserved:g} unreserved in stock)"
        reservation = Reservation(task.part_id, 1, p.start_us, p.machine.equipment_id)
        return ProposedCommand(
            1, STOCK_QUEUE, CommandKind.RESERVATION, reservation, p.key("RESERVATION"), words
        )
    needed = clock_text(p.start_us, p.zone, p.setting.risk.at_us)
    words = f"Buy {name}, needed {needed} (none unreserved in stock)"
    requisition = Requisition(task.part_id, 1, p.start_us, p.machine.equipment_id)
    return ProposedCommand(
        1, PROCUREMENT_QUEUE, CommandKind.REQUISITION, requisition, p.key("REQUISITION"), words
    )


def cancel_of(position: int, queue: str, business_key: str, command_id: str, reason: str) -> ProposedCommand:
    """The command that takes back an earlier one."""
    work, words = Cancel(command_id, reason), f"Take back {business_key}: {reason}"
    return ProposedCommand(position, queue, CommandKind.CANCEL, work, business_key, words)


def title(machine: Machine, cause: str, setting: Setting, choice: Alternative) -> str:
    """What is proposed, in one line."""
    if choice.key == Choice.INSPECT_FIRST:
        return f"Inspect {machine.name} for {cause_phrase(cause)}"
    moment = choice.label[:1].lower() + choice.label[1:]
    if choice.start_us is None:  # nobody works on it: wait for the alarm, run to failure
        return f"{machine.name}: {moment} in spite of {cause_phrase(cause)}"
    if choice.key == Choice.SLOW_DOWN:
        return f"{machine.name}: {moment}, {setting.task.task.lower()}"
    return f"{setting.task.task} on {machine.name} {moment}"


def cost_of(choice: Alternative, commands: Sequence[ProposedCommand]) -> int:
    """What an approver releases: the expected cost of the choice; nothing when nothing is sent."""
    return choice.cost_cents if commands else 0
