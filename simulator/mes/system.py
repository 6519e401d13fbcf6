"""One MES instance: its office, its books, and the tick by tick work between the plant and both."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from domain.messages import Finding
from simulator.calendar import Calendar
from simulator.contract import Failure, JobEvent, JobKind, JobStatus, StateChange, StopReason, TickReport
from simulator.layout import Layout, Line, Unit
from simulator.mes import schema
from simulator.mes.book import Book
from simulator.mes.downtime import Downtime
from simulator.mes.lots import Lots
from simulator.mes.names import line_no
from simulator.mes.office import MesOffice
from simulator.mes.plan import Planner
from simulator.mes.production import Production
from simulator.records.engine import Records, Writer


class Mes:
    """The MES of one line. `flush` writes what has gathered since the last time."""

    def __init__(self, layout: Layout, line: Line, seed: int, records: Records, absence: float) -> None:
        self.layout, self.line, self.records = layout, line, records
        zone = ZoneInfo(layout.time_zone)
        self._planner = planner = Planner(layout, line, seed)
        self.calendar = Calendar(line, zone)
        self.book = Book(layout, line, records)
        self.production = Production(self.book, planner)
        self.downtime = Downtime(self.book, Calendar(line, zone))
        self.office = MesOffice(layout, line, seed, records, absence)
        self.office.now_us = self.book.memory.tick_us
        self._first = line.units[0]
        self._events: list[JobEvent] = []
        if not self.book.memory.tick_us:
            self._master_data()

    def _master_data(self) -> None:
        book = self.book
        Lots(book, self._planner).master_data(self.layout, self.line)
        for unit, machine in zip(book.units, book.machines, strict=True):
            book.put(schema.machines, _machine_row(self.line, machine, unit))
        for index in self.line.products:
            product = self.layout.products[index]
            book.put(schema.products, {"product_no": product.product_id, "name": product.name})
            for unit, machine in zip(book.units, book.machines, strict=True):
                row = {
                    "routing_id": f"{product.product_id}-{machine}",
                    "product_no": product.product_id,
                    "machine_id": machine,
                    "step": (unit.position + 1) * 10,
                    "planned_cycle_s": product.cycle_s * unit.cycle_factor,
                    "basis": "planned",
                    "valid_from": 0,
                }
                book.put(schema.routings, row)

    def changes(self, changes: Sequence[StateChange]) -> None:
        """States of this line's units, in order of time."""
        for change in changes:
            position = change.unit - self._first
            self.downtime.change(position, change)
            if change.reason is StopReason.RUNNING:
                self.production.set_up(position, change.at_us)

    def jobs(self, events: Sequence[JobEvent]) -> None:
        """Maintenance at this line's units; what the crew writes down later waits."""
        for event in events:
            self.downtime.job(event.unit - self._first, event)
            if event.command_id or (event.log_us is not None and event.log_us <= event.at_us):
                self._events.append(event)
            elif event.log_us is not None:
                self.book.memory.late_jobs.append((event.log_us, asdict(event)))

    def failures(self, failures: Sequence[Failure]) -> None:
        """Functional failures of this line's units."""
        for failure in failures:
            self.downtime.failure(failure.unit - self._first, failure)

    def tick(self, report: TickReport) -> None:
        """Counts of a tick. One that was counted before is left out."""
        self.office.now_us = report.to_us
        self._late(report.to_us)
        self.downtime.book_late(report.to_us)
        if report.to_us > self.book.memory.tick_us:
            units = slice(self._first, self._first + len(self.line.units))
            good, scrap = report.good[units].tolist(), report.scrap[units].tolist()
            for position, made in enumerate(good):
                if made:
                    self.downtime.produced(position, report.from_us)
            self.production.count(report.from_us, report.to_us, good, scrap)

    def counted(self, report: TickReport) -> bool:
        """True when this tick was reported before, and its changes are in the books."""
        return report.to_us <= self.book.memory.tick_us

    def _late(self, now_us: int) -> None:
        late = self.book.memory.late_jobs
        if late and min(due for due, _ in late) <= now_us:
            self._events += [_event(fields) for due, fields in late if due <= now_us]
            self.book.memory.late_jobs = [(due, fields) for due, fields in late if due > now_us]

    @property
    def urgent(self) -> bool:
        """True when somebody waits for an answer, or a lot has gathered."""
        return any(event.command_id for event in self._events) or self.book.pending > 2_000

    def flush(self, now_us: int) -> None:
        """Write everything in one transaction."""
        used = self.production.used()
        with self.records.write(now_us) as writer:
            self._write(writer)
            for command_id in sorted(used):
                self.office.in_use(writer, command_id, now_us)
        self.book.written()
        if used or any(event.command_id for event in self._events):
            self.office.post.mail.set()
        self._events.clear()

    def _write(self, writer: Writer) -> None:
        self.book.write(writer)
        for event in self._events:
            self.office.note(writer, event)


def _event(fields: dict[str, Any]) -> JobEvent:
    finding = fields["finding"]
    return JobEvent(
        **fields
        | {
            "kind": JobKind(fields["kind"]),
            "status": JobStatus(fields["status"]),
            "finding": Finding(finding) if finding else None,
        }
    )


def _machine_row(line: Line, machine: str, unit: Unit) -> dict[str, Any]:
    return {
        "machine_id": machine,
        "name": unit.name,
        "line": line_no(line),
        "machine_type": unit.machine_type.value,
        "step": (unit.position + 1) * 10,
    }
