"""When a machine really failed, by what was repaired and what stopped."""

from sqlalchemy import Connection, func, select

from data.store import tables as t
from domain.clock import DAY

SAME_US = DAY // 2
REASONS = ("failure", "breakdown")  # what a MES calls it, in small letters


def failures(tx: Connection, equipment_id: str, from_us: int, to_us: int) -> list[int]:
    """When the machine failed in (from_us, to_us], oldest first.

    A failure is a corrective maintenance, or an unplanned downtime with the reason failure; within half a
    day of each other they are one failure.
    """
    m, d = t.maintenance.c, t.downtimes.c
    repaired = tx.execute(
        select(m.start_us).where(
            m.equipment_id == equipment_id, m.kind == "corrective", m.start_us > from_us, m.start_us <= to_us
        )
    ).scalars()
    stopped = tx.execute(
        select(d.start_us).where(
            d.equipment_id == equipment_id, func.lower(d.reason).in_(REASONS), d.planned.is_(False),
            d.start_us > from_us, d.start_us <= to_us,
        )
    ).scalars()  # fmt: skip
    found: list[int] = []
    for at in sorted({*repaired, *stopped}):
        if not found or at - found[-1] > SAME_US:
            found.append(at)
    return found
