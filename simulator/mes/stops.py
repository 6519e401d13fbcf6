"""How stops get into the MES: some at once, some when they end, some never, and reasons late or wrong."""

from dataclasses import asdict, dataclass
from typing import Any

from domain.clock import HOUR, SECOND
from simulator.contract import StopReason
from simulator.records.chance import between, chance

SHORTEST_BOOKED = 180 * SECOND
AT_ONCE = frozenset({StopReason.FAILURE, StopReason.MAINTENANCE})
WORDS = {
    StopReason.FAILURE: "Breakdown",
    StopReason.MAINTENANCE: "Maintenance",
    StopReason.TOOL_CHANGE: "Tool change",
    StopReason.SHORT_STOP: "Short stop",
    StopReason.STARVED: "No material",
    StopReason.BLOCKED: "Downstream full",
}
JOB_WORDS = {"preventive": "Planned maintenance", "corrective": "Repair", "inspection": "Inspection"}
NEVER, LATE, UNCLEAR = 0.10, 0.22, 0.10


@dataclass(slots=True)
class Stop:
    """A stop of one machine that goes on. `cause`, `job` and `fixed_us` are known for some."""

    reason: str
    start_us: int
    cause: str = ""
    job: str = ""
    fixed_us: int = 0
    planned: bool = False

    def as_json(self) -> dict[str, Any]:
        """For the memory of the line."""
        return asdict(self)

    @property
    def booked_at_once(self) -> bool:
        """Long stops are booked when they begin, short ones when they end."""
        return StopReason(self.reason) in AT_ONCE

    def row(self, machine: str, ended_at: int | None, reason: str, remark: str) -> dict[str, Any]:
        """A row of `downtime`."""
        return {
            "downtime_no": f"D-{machine}-{self.start_us // SECOND}",
            "machine_id": machine,
            "started_at": self.start_us,
            "ended_at": ended_at,
            "reason": reason,
            "remark": remark,
            "planned": self.planned,
            "fixed_at": self.fixed_us if self.fixed_us else self.start_us,
        }

    def words(self) -> tuple[str, str]:
        """Reason and remark as a careful operator would book them."""
        if self.reason == StopReason.MAINTENANCE:
            return JOB_WORDS.get(self.job, "Maintenance"), ""
        return WORDS[StopReason(self.reason)], self.cause

    def booking(self, machine: str, end_us: int) -> tuple[int | None, str, str]:
        """When the reason is booked (None: never), the reason and the remark."""
        reason, remark = self.words()
        if self.reason == StopReason.MAINTENANCE:
            return end_us, reason, remark
        draw = chance("booking", machine, self.start_us)
        if draw < NEVER:
            return None, "", ""
        if self.cause and chance("unclear", machine, self.start_us) < UNCLEAR:
            remark = "unclear"
        if draw < NEVER + LATE:
            return end_us + int(between(1, 10, "late", machine, self.start_us) * HOUR), reason, remark
        return end_us, reason, remark


def booked(reason: StopReason) -> bool:
    """True for stops that the MES knows at all."""
    return reason in WORDS
