"""The office of one line's MES: takes maintenance orders, set points and cancels, and tells what came."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, or_, select

from domain.messages import Cancel, Command, MaintenanceOrder, ReceiptStatus, SetPointChange
from simulator.calendar import Calendar
from simulator.contract import JobCancel, JobEvent, JobKind, JobRequest, JobStatus
from simulator.layout import Layout, Line, Unit
from simulator.mes import schema
from simulator.mes.checks import Checks
from simulator.mes.names import local, machine_no, mes_queue
from simulator.mes.recipes import Recipes
from simulator.records.engine import Records, Writer
from simulator.records.post import WAITING, Answer, Post, accepted, refused

_M = schema.maintenance_orders
_TASKS = {
    JobKind.PREVENTIVE: "Service by the calendar",
    JobKind.CORRECTIVE: "Repair",
    JobKind.INSPECTION: "Look at the machine",
}
_OVER = ("done", "cancelled")
_RANK = {"planned": 0, "under_way": 1, "done": 2, "cancelled": 2}


class MesOffice:
    """Maintenance orders of one line. `now_us` is the plant time of the last tick."""

    def __init__(self, layout: Layout, line: Line, seed: int, records: Records, absence: float) -> None:
        self.layout, self.line, self.records = layout, line, records
        self._zone = ZoneInfo(layout.time_zone)
        self._checks = Checks(seed, absence, Calendar(line, self._zone), self._zone)
        self._recipes = Recipes(layout, line)
        self._units = {layout.units[index].equipment_id: layout.units[index] for index in line.units}
        self._by_no = {machine_no(unit): unit for unit in self._units.values()}
        self.post = Post(records, schema.post, (mes_queue(line),), self)
        self.now_us = 0
        self._handed: set[str] = set()

    def decide(self, writer: Writer, command: Command) -> Answer:
        """Accept, refuse, or ask the plant first (cancels)."""
        match command.work:
            case MaintenanceOrder() as job:
                return self._order(writer, command, job)
            case SetPointChange() as change:
                return self._move(writer, command, change)
            case Cancel() as cancel:
                return self._cancel(writer, cancel)
            case _:
                return refused("This system takes maintenance orders, inspections and set points only.")

    def _order(self, writer: Writer, command: Command, job: MaintenanceOrder) -> Answer:
        if self.post.cancelled_before(writer, command.command_id):
            return Answer(ReceiptStatus.CANCELLED, "Cancelled before it came.")
        unit = self._units.get(job.equipment_id)
        if unit is None:
            return refused(f"{job.equipment_id[:100]} is no machine of {self.line.name}.")
        objection = self._checks.objection(writer.tx, job, unit, self.now_us)
        if objection:
            return refused(objection)
        row = self._new_row(writer.tx, command.command_id, job, unit)
        writer.upsert(_M, [row])
        self._book(writer, command, row["order_no"])
        return accepted(f"{row['order_no']} is planned for {local(row['planned_at'], self._zone)}.")

    def _move(self, writer: Writer, command: Command, change: SetPointChange) -> Answer:
        if self.post.cancelled_before(writer, command.command_id):
            return Answer(ReceiptStatus.CANCELLED, "Cancelled before it came.")
        objection = self._recipes.move(writer, command.command_id, change)
        if objection:
            return refused(objection)
        self._book(writer, command, f"{change.parameter} {change.to_value:g} {change.unit}")
        return accepted("It stands in the recipe and holds from the next order on.")

    def in_use(self, writer: Writer, command_id: str, at_us: int) -> None:
        """An order was set by what a command asked for: it is done, and told once."""
        original = self.post.find(writer, command_id)
        if original is None or original.outcome != ReceiptStatus.ACCEPTED.value:
            return
        done = Answer(ReceiptStatus.DONE, "An order was set by it.")
        self.post.set_outcome(writer, command_id, done.outcome)
        self.post.answer(writer, original.queue, command_id, original.business_key, done, at_us)

    def _new_row(self, tx: Connection, command_id: str, job: MaintenanceOrder, unit: Unit) -> dict[str, Any]:
        number = tx.execute(select(func.count()).where(_M.c.external_id.is_not(None))).scalar_one()
        return {
            "order_no": f"MO-L{self.line.index + 1}-{number + 1:05d}",
            "machine_id": machine_no(unit),
            "kind": (JobKind.INSPECTION if job.inspect_only else JobKind.PREVENTIVE).value,
            "status": JobStatus.PLANNED.value,
            "fixed_at": self.now_us,
            "planned_at": max(job.start_us, self.now_us),
            "planned_duration_s": job.duration_s,
            "started_at": None,
            "ended_at": None,
            "part_no": job.part_id,
            "task": job.task,
            "skill": job.skill,
            "ordered_for": job.cause,
            "finding": None,
            "cause": None,
            "external_id": command_id,
        }

    def _book(self, writer: Writer, command: Command, detail: str) -> None:
        entry = {
            "business_key": command.business_key,
            "kind": command.kind.value,
            "message_id": command.command_id,
            "detail": detail,
            "booked_at": self.now_us,
        }
        writer.tx.execute(schema.ledger.insert().values(**entry))

    def _cancel(self, writer: Writer, cancel: Cancel) -> Answer:
        original = self.post.find(writer, cancel.command_id)
        if original is None:
            return accepted("The order has not come yet; it will not be done.")
        job = writer.tx.execute(select(_M).where(_M.c.external_id == cancel.command_id)).first()
        if job is None and original.outcome == ReceiptStatus.ACCEPTED.value:
            return self._move_back(writer, original)
        if job is None:
            return refused(f"There is nothing to cancel: the order was {original.outcome}.")
        if job.status != JobStatus.PLANNED.value:
            return refused(f"{job.order_no} is {job.status.replace('_', ' ')}.")
        return WAITING

    def _move_back(self, writer: Writer, original: Any) -> Answer:
        if not self._recipes.take_back(writer, original.message_id):
            return refused("The set point was moved again since.")
        gone = Answer(ReceiptStatus.CANCELLED, "The set point stands where it stood.")
        self.post.set_outcome(writer, original.message_id, gone.outcome)
        key = original.business_key
        self.post.answer(writer, original.queue, original.message_id, key, gone, self.now_us)
        return accepted("Taken back.")

    def requests(self, from_us: int | None) -> Sequence[JobRequest | JobCancel]:
        """What the plant has not been told yet.

        With `from_us` (the first tick after a start) all orders that were not over by then, since the
        plant may have forgotten them.
        """
        if not self.post.news.is_set() and from_us is None:
            return ()
        self.post.news.clear()
        open_now = _M.c.status.in_(("planned", "under_way"))
        again = or_(open_now, _M.c.ended_at > from_us) if from_us is not None else open_now
        with self.records.read() as tx:
            rows = list(tx.execute(select(_M).where(_M.c.external_id.is_not(None), again)))
            cancelled = self._to_cancel(tx)
        new = [row for row in rows if row.order_no not in self._handed]
        self._handed |= {row.order_no for row in new}
        return [*(self._request(row) for row in new), *cancelled]

    def _to_cancel(self, tx: Connection) -> list[JobCancel]:
        inbox = schema.post.inbox
        waiting = select(_M.c.order_no).join(inbox, inbox.c.original_id == _M.c.external_id)
        return [JobCancel(row.order_no) for row in tx.execute(waiting.where(inbox.c.outcome == "waiting"))]

    def _request(self, row: Any) -> JobRequest:
        return JobRequest(
            job_id=row.order_no,
            unit=self._by_no[row.machine_id].index,
            kind=JobKind(row.kind),
            start_us=row.planned_at,
            duration_s=row.planned_duration_s,
            cause=row.ordered_for,
            part_id=row.part_no,
            command_id=row.external_id,
            inspect_only=row.kind == JobKind.INSPECTION.value,
        )

    def note(self, writer: Writer, event: JobEvent) -> None:
        """Write a job's progress into the order, and answer for it when it was ordered by message."""
        row = writer.tx.execute(select(_M).where(_M.c.order_no == event.job_id)).first()
        if row is not None and (row.status in _OVER or _RANK[row.status] > _RANK[event.status.value]):
            return
        known = dict(row._mapping) if row else self._from_event(event)
        writer.upsert(_M, [known | _progress(event)])
        if event.command_id:
            self._tell(writer, event, event.command_id)

    def _from_event(self, event: JobEvent) -> dict[str, Any]:
        unit = self.layout.units[event.unit]
        part = self.layout.part(unit.machine_type, event.cause) if event.cause else None
        planned = event.planned_us
        return {
            "order_no": event.job_id,
            "machine_id": machine_no(unit),
            "kind": event.kind.value,
            "fixed_at": min(event.at_us, planned),
            "planned_at": planned,
            "planned_duration_s": part.duration_s if part else 3_600,
            "task": part.task if part else _TASKS[event.kind],
            "skill": part.skill if part else "",
            "ordered_for": event.cause,
            "external_id": event.command_id,
        }

    def _tell(self, writer: Writer, event: JobEvent, command_id: str) -> None:
        original = self.post.find(writer, command_id)
        if original is None:
            return
        answer = _answer(event)
        if answer is not None:
            found = (event.finding, event.found_cause) if event.status is JobStatus.DONE else (None, "")
            self.post.set_outcome(writer, command_id, answer.outcome)
            self.post.answer(
                writer, original.queue, command_id, original.business_key, answer, event.at_us, *found
            )
        if event.status is JobStatus.PLANNED:
            return
        for cancel in self.post.cancels_of(writer, command_id):
            gone = event.status is JobStatus.CANCELLED
            reply = accepted("Cancelled.") if gone else refused(f"{event.job_id} is already under way.")
            self.post.set_outcome(writer, cancel.message_id, reply.outcome)
            self.post.answer(writer, cancel.queue, cancel.message_id, cancel.business_key, reply, event.at_us)


def _progress(event: JobEvent) -> dict[str, Any]:
    return {
        "status": event.status.value,
        "started_at": event.start_us,
        "ended_at": event.end_us,
        "part_no": event.part_id,
        "finding": event.finding.value if event.finding else None,
        "cause": event.found_cause or None,
    }


def _answer(event: JobEvent) -> Answer | None:
    if event.status is JobStatus.DONE:
        return Answer(ReceiptStatus.DONE, f"{event.job_id} is done.")
    if event.status is JobStatus.CANCELLED:
        return Answer(ReceiptStatus.CANCELLED, f"{event.job_id} is cancelled.")
    return None
