"""Machines that only count: their stops do not depend on the stretch that is looked at."""

from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE
from domain.kpi import Measures, total
from domain.time_model import Span
from services.kpi.recompute import recompute
from services.kpi.refresh import refresh
from tests import factories as f
from tests.services.kpi import facts as k

UNIT = k.COUNTING[0]
FIRST = f.NOW // DAY * DAY - 10 * DAY
END = FIRST + 8 * DAY


def fill(tx) -> None:
    """Day 0: P-1 at 50 s; from day 1 on P-2 at 20 min. Both exactly at rate, 16 h of shift a day."""
    k.plant(tx, [UNIT])
    tx.execute(t.shifts.delete())
    for day in range(8):
        row = {"instance": "mes", "shift_id": f"D{day}", "line_id": k.LINE, "name": "Long", "break_s": 0,
               "start_us": FIRST + day * DAY, "end_us": FIRST + day * DAY + 16 * HOUR,
               "break_start_us": None, "frozen_us": 0, "updated_us": 0}  # fmt: skip
        tx.execute(t.shifts.insert().values(**row))
    for number, (begin, end) in enumerate(((FIRST, FIRST + DAY), (FIRST + DAY, END))):
        row = {"instance": "mes", "operation_id": f"{number}", "order_id": f"W{number}", "equipment_id": UNIT,
               "product_id": f"P-{number + 1}", "start_us": begin, "end_us": end, "setup_end_us": begin,
               "updated_us": 0}  # fmt: skip
        tx.execute(t.operations.insert().values(**row))
    rows = []
    for bucket in range(FIRST, END, 5 * MINUTE):
        worked, day = (bucket - FIRST) % DAY < 16 * HOUR, (bucket - FIRST) // DAY
        made = 6.0 if day == 0 else float(bucket % (20 * MINUTE) == 0)
        rows.append({"equipment_id": UNIT, "bucket_us": bucket, "good": made if worked else 0.0,
                     "scrap": 0.0, "energy_kwh": 0.1})  # fmt: skip
    tx.execute(t.counts.insert(), rows)


def days(tx) -> list[tuple[float, float, int]]:
    """Per shift (hours running, hours down, failures and minor stops)."""
    c = t.kpi_cells.c
    query = t.kpi_cells.select().where(c.equipment_id == UNIT, c.shift != "").order_by(c.from_us)
    by_shift: dict[int, list[Measures]] = {}
    for row in tx.execute(query).mappings():
        by_shift.setdefault(row["from_us"], []).append(Measures.of(row))
    sums = [total(each) for each in by_shift.values()]
    return [(m.production_us / HOUR, m.down_us / HOUR, m.failures + m.minor_stops) for m in sums]


def test_a_slow_product_after_a_fast_one_runs_all_day_however_the_figures_are_made(
    database: Database,
) -> None:
    """The last part of a day came at 15:40; its bucket ends at 15:45, and until the next day there is none:
    15.75 h run and a quarter of an hour down, one stop. Day 0 ends at 16:00 with its last bucket."""
    wanted = [(16.0, 0.0, 0), *[(15.75, 0.25, 1)] * 7]
    with database.write() as tx:
        fill(tx)
        recompute(tx, k.LINE, FIRST, END)
        assert days(tx) == wanted
        whole = tx.execute(t.kpi_cells.select().order_by(*t.kpi_cells.primary_key)).all()
        for day in (7, 3, 1):
            at = FIRST + day * DAY + 9 * HOUR
            refresh(tx, k.LINE, {UNIT: [Span(at, at + 5 * MINUTE)]}, END)
            assert days(tx) == wanted
        assert tx.execute(t.kpi_cells.select().order_by(*t.kpi_cells.primary_key)).all() == whole
