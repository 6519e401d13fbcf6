"""The floor of the plant: its MES instances and its ERP, in step with the physics."""

import threading
import time
from collections.abc import Sequence

import numpy as np

from simulator.calendar import is_open
from simulator.contract import JobCancel, JobRequest, Plan, TickReport
from simulator.erp.office import ErpOffice
from simulator.layout import Layout
from simulator.mes.system import Mes
from simulator.records.post import Post

FLUSH_S = 1.0


class PlantFloor:
    """`contract.Floor` on real databases.

    `report` writes at most once a second of wall time, at once when somebody waits for an answer, and
    always in `flush`, which the world calls before it saves itself. `now_us` is the plant time of the
    last tick; the queues' thread reads it.
    """

    def __init__(self, layout: Layout, systems: Sequence[Mes], erp: ErpOffice) -> None:
        self.layout, self.systems, self.erp = layout, tuple(systems), erp
        self._line_of = np.array([unit.line for unit in layout.units])
        factors = np.array([unit.cycle_factor for unit in layout.units])
        self._cycles = np.array([[p.cycle_s] for p in layout.products]) * factors[None, :]
        self._units = np.arange(len(layout.units))
        self._first: int | None = None
        self._flushed = 0.0
        self._lock = threading.Lock()
        self.now_us = max(system.book.memory.tick_us for system in self.systems)

    @property
    def posts(self) -> list[Post]:
        """Every post office, with its queues."""
        return [*(system.office.post for system in self.systems), self.erp.post]

    def plan(self, from_us: int, to_us: int) -> Plan:
        """The middle of the tick decides about the shift."""
        self._first = from_us if self._first is None else self._first
        self.now_us = max(self.now_us, from_us)
        at = (from_us + to_us) // 2
        opened = np.empty((len(self.systems), 2), dtype=bool)
        product = np.empty(len(self.systems), dtype=np.int64)
        for index, system in enumerate(self.systems):
            opened[index] = is_open(system.calendar.at(at), at)
            product[index] = system.production.product(from_us, bool(opened[index, 0]))
            system.office.now_us = max(system.office.now_us, from_us)
        self.erp.now_us = max(self.erp.now_us, from_us)
        made = product[self._line_of]
        return Plan(
            open=opened[self._line_of, 0],
            in_break=opened[self._line_of, 1],
            order=made >= 0,
            product=made,
            cycle_s=self._cycles[made, self._units],
            spoils=np.concatenate([system.production.spoils() for system in self.systems]),
        )

    def requests(self) -> Sequence[JobRequest | JobCancel]:
        """Jobs ordered or cancelled since the last call; after a start also those of before."""
        first, self._first = self._first, -1
        since = first if first != -1 else None
        return [job for system in self.systems for job in system.office.requests(since)]

    def take_part(self, part_id: str, unit: int, at_us: int, command_id: str | None) -> int:
        """Use one part up; returns the plant time at which it is in the technician's hand."""
        return self.erp.take_part(part_id, self.layout.units[unit].equipment_id, at_us, command_id)

    def report(self, report: TickReport) -> None:
        """Take note of a finished tick."""
        line_of = self._line_of
        for index, system in enumerate(self.systems):
            mine = [event for event in report.jobs if line_of[event.unit] == index]
            if not system.counted(report):
                system.failures([item for item in report.failures if line_of[item.unit] == index])
            system.jobs(mine)
            if not system.counted(report):
                system.changes([item for item in report.changes if line_of[item.unit] == index])
            system.tick(report)
        self.erp.advance(report.to_us)
        self.now_us = report.to_us
        if time.monotonic() - self._flushed >= FLUSH_S:
            self.flush()
            return
        for system in self.systems:
            if system.urgent:
                system.flush(report.to_us)

    def flush(self) -> None:
        """Write everything that has gathered."""
        for system in self.systems:
            system.flush(self.now_us)
        self._flushed = time.monotonic()

    def close(self) -> None:
        """Write everything, and give the connections back."""
        self.flush()
        for system in self.systems:
            system.records.close()
        self.erp.records.close()
