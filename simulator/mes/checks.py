"""When a MES turns a maintenance order down: the first objection, in words for people, or None."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Row, case, func, select

from domain.clock import DAY, HOUR, SECOND
from domain.messages import MaintenanceOrder
from simulator.calendar import Calendar
from simulator.contract import CAUSES
from simulator.layout import Unit, parts
from simulator.mes.names import local, machine_no
from simulator.mes.schema import maintenance_orders
from simulator.records.chance import chance

LATE_START = HOUR
FAR_START = 60 * DAY
SHORTEST_S, LONGEST_S = 300, 24 * 3_600
_OPEN = ("planned", "under_way")


@dataclass(frozen=True, slots=True)
class Checks:
    """The rules of one line's MES. `absence`: the share of shifts in which a skill is missing."""

    seed: int
    absence: float
    calendar: Calendar
    zone: ZoneInfo

    def objection(self, tx: Connection, job: MaintenanceOrder, unit: Unit, now_us: int) -> str | None:
        """Why the order cannot be taken."""
        return (
            self._time(job, now_us)
            or self._work(job, unit)
            or self._machine_free(tx, job, unit, now_us)
            or self._crew_free(tx, job, now_us)
            or self._crew_there(job)
        )

    def _time(self, job: MaintenanceOrder, now_us: int) -> str | None:
        if job.start_us < now_us - LATE_START:
            return f"The start {local(job.start_us, self.zone)} lies in the past."
        if job.start_us > now_us + FAR_START:
            return "The start is more than 60 days away."
        if not SHORTEST_S <= job.duration_s <= LONGEST_S:
            return "The work must take between 5 minutes and 24 hours."
        return None

    def _work(self, job: MaintenanceOrder, unit: Unit) -> str | None:
        if job.cause not in CAUSES:
            return f"There is no work plan for {job.cause[:60]!r}."
        fitting = {part.part_id for part in parts() if part.machine_type is unit.machine_type}
        if job.part_id is not None and job.part_id not in fitting:
            return f"Part {job.part_id[:60]} does not fit {unit.name}."
        return None

    def _machine_free(self, tx: Connection, job: MaintenanceOrder, unit: Unit, now_us: int) -> str | None:
        clash = self._clash(tx, job, now_us, maintenance_orders.c.machine_id == machine_no(unit))
        if clash is None:
            return None
        begins = local(clash.planned_at, self.zone)
        return f"No free slot: {unit.name} has {clash.order_no} from {begins}."

    def _crew_free(self, tx: Connection, job: MaintenanceOrder, now_us: int) -> str | None:
        clash = self._clash(tx, job, now_us, maintenance_orders.c.skill == job.skill)
        if clash is None or not job.skill:
            return None
        begins = local(clash.planned_at, self.zone)
        return f"No free slot: the {job.skill} is at {clash.machine_id} from {begins}."

    def _clash(
        self, tx: Connection, job: MaintenanceOrder, now_us: int, same: ColumnElement[bool]
    ) -> Row[Any] | None:
        begin = max(job.start_us, now_us)
        end = begin + job.duration_s * SECOND
        table = maintenance_orders
        ends = func.max if tx.dialect.name == "sqlite" else func.greatest
        planned_end = table.c.planned_at + table.c.planned_duration_s * SECOND
        still = case((table.c.status == "under_way", ends(planned_end, now_us + 1)), else_=planned_end)
        found = select(table).where(same, table.c.status.in_(_OPEN), table.c.planned_at < end, still > begin)
        return tx.execute(found.order_by(table.c.planned_at)).first()

    def _crew_there(self, job: MaintenanceOrder) -> str | None:
        shift = self.calendar.at(job.start_us)
        name, day = (shift.name, shift.day) if shift else ("", None)
        if job.skill and chance(self.seed, "absent", job.skill, name, day) < self.absence:
            return f"No {job.skill} in the shift of {local(job.start_us, self.zone)}."
        return None
