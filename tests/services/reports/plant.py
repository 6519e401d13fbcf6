"""One line of two machines with a day of states, counts, orders, stops and a decided case."""

from typing import Any

from sqlalchemy import Connection, insert, update

from data.store import tables as t
from domain.clock import DAY, HOUR, MINUTE, SECOND
from domain.reporting import Kind, Period, day_period, local_date
from tests import factories as f

ZONE = "Europe/Berlin"
EVIL = '=HYPERLINK("http://x.example","M\u00fcller \u20ac")'
FIRST, LAST = "north/machining/line-1/cnc-11", "north/machining/line-1/cnc-12"
LINE = "north/machining/line-1"
DAY_BEFORE = day_period(local_date(f.NOW - DAY, ZONE), ZONE)
EXECUTE, ABORTED, SUSPENDED = 6, 9, 5


def build(tx: Connection, *, evil: bool = True) -> None:
    """A day in which the first machine (the constraint) stood for an hour and made 100 good parts an hour."""
    f.site(tx)
    f.machine(tx, FIRST, EVIL if evil else "CNC-11")
    f.machine(tx, LAST, "S\u00e4ge 12")
    e = t.equipment.c
    tx.execute(update(t.equipment).where(e.equipment_id == LAST).values(constraint_unit=False, position=5))
    tx.execute(update(t.equipment).where(e.equipment_id == LINE).values(target_oee=0.8))
    start, end = DAY_BEFORE.from_us, DAY_BEFORE.to_us
    for unit in (FIRST, LAST):
        _states(tx, unit, [(start - HOUR, EXECUTE), (start + 2 * HOUR, ABORTED), (start + 3 * HOUR, EXECUTE)])
        _counts(tx, unit, start, end)
        _operation(tx, unit, start, end)
    for k, name in enumerate(("Early", "Late", "Night")):
        _shift(tx, name, start + k * 8 * HOUR)
    stop(tx, FIRST, start + 2 * HOUR, start + 3 * HOUR, "Breakdown")
    tx.execute(insert(t.products).values(instance="m", product_id="p1", name="Geh\u00e4use +1", updated_us=0))


def stop(tx: Connection, unit: str, start_us: int, end_us: int | None, reason: str, **changes: Any) -> str:
    """A downtime that the MES booked."""
    key = f"D-{unit[-2:]}-{start_us}"
    row = {"instance": "m", "downtime_id": key, "equipment_id": unit, "start_us": start_us, "end_us": end_us}
    rest = {"reason": reason, "planned": False, "fixed_us": start_us, "updated_us": start_us} | changes
    tx.execute(insert(t.downtimes).values(**row, **rest))
    return key


def shift_of(k: int) -> Period:
    """The k-th shift of the day."""
    begin = DAY_BEFORE.from_us + k * 8 * HOUR
    return Period(Kind.SHIFT, begin, begin + 8 * HOUR, "k", "k")


def _states(tx: Connection, unit: str, changes: list[tuple[int, int]]) -> None:
    rows = [
        {"equipment_id": unit, "source_us": at, "state": state, "mode": 1, "receive_us": at}
        for at, state in changes
    ]
    tx.execute(insert(t.states), rows)


def _counts(tx: Connection, unit: str, start: int, end: int) -> None:
    stood = range(start + 2 * HOUR, start + 3 * HOUR)
    rows = [
        {
            "equipment_id": unit,
            "bucket_us": at,
            "good": 0.0 if at in stood else 9.0,
            "scrap": 0.0 if at in stood else 1.0,
            "energy_kwh": 0.5,
        }
        for at in range(start, end, 5 * MINUTE)
    ]
    tx.execute(insert(t.counts), rows)


def _operation(tx: Connection, unit: str, start: int, end: int) -> None:
    row = {"instance": "m", "operation_id": f"o-{unit}", "order_id": "O-1", "equipment_id": unit}
    times = {"start_us": start, "end_us": end, "setup_end_us": start, "updated_us": start}
    tx.execute(insert(t.operations).values(**row, product_id="p1", **times))
    rate = {"instance": "m", "product_id": "p1", "equipment_id": unit, "planned_cycle_s": 27.0}
    tx.execute(insert(t.product_rates).values(**rate, basis="planned", valid_from_us=0, updated_us=0))


def _shift(tx: Connection, name: str, start: int) -> None:
    row = {"instance": "m", "shift_id": f"s-{start}", "line_id": LINE, "name": name, "start_us": start}
    rest = {"end_us": start + 8 * HOUR, "break_s": 0, "break_start_us": None, "frozen_us": start - SECOND}
    tx.execute(insert(t.shifts).values(**row, **rest, updated_us=start))
    closed = {"line_id": LINE, "from_us": start, "version": 1, "to_us": start + 8 * HOUR, "shift": name}
    times = {
        "closed_us": start + 9 * HOUR,
        "closed_wall_us": 1,
        "reopened_us": None,
        "reopened_wall_us": None,
    }
    tx.execute(
        insert(t.shift_closings).values(
            **closed, **times, closed_by="x", note="", reopened_by=None, reopen_reason=""
        )
    )


def decided_case(tx: Connection, decided_by: str) -> str:
    """A case approved at noon of the day, accepted by the MES, refused by the ERP."""
    at = DAY_BEFORE.from_us + 12 * HOUR
    case_id = f.case(
        tx,
        FIRST,
        77,
        state="accepted",
        decided_by=decided_by,
        decided_us=at,
        open_key=None,
        title="=cmd()|Lager",
    )
    c = t.commands.c
    rows = tx.execute(t.commands.select().where(c.case_id == case_id).order_by(c.position)).mappings().all()
    f.receipt(tx, rows[0]["command_id"], at_us=at + MINUTE)
    f.receipt(
        tx, rows[1]["command_id"], "refused", sender="erp.stock", detail="none on hand", at_us=at + MINUTE
    )
    return case_id
