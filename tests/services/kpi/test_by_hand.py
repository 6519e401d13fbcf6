"""Planned stops and work in progress through facts, store and query, worked by hand."""

import pytest

from auth.permissions import Role
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, MINUTE, Clock, wall_us
from domain.kpi import Measures, total
from services import clocks
from services.context import Context
from services.kpi.keeping import Keeper
from services.kpi.recompute import recompute
from services.queries.kpi import KpiQueries
from services.rows.kpi import Ask
from services.rows.site import SiteRow
from tests import factories as f
from tests.services.kpi import facts as k

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
SHIFT = k.START + 2 * HOUR  # its plan was fixed at k.START
NOW = SHIFT + 4 * HOUR
RUN, HELD = 6, 11


def state(tx, unit: str, at: int, code: int) -> None:
    row = {"equipment_id": unit, "source_us": at, "state": code, "mode": 1, "receive_us": at}
    tx.execute(t.states.insert().values(**row))


def counts(tx, unit: str, good: float, scrap: float) -> None:
    """These parts in the first bucket of the shift, none after; the machine is heard all the time."""
    for bucket in range(SHIFT, NOW, 5 * MINUTE):
        first = bucket == SHIFT
        row = {"equipment_id": unit, "bucket_us": bucket, "good": good * first, "scrap": scrap * first,
               "energy_kwh": 0.0}  # fmt: skip
        tx.execute(t.counts.insert().values(**row))


def order(tx, unit: str) -> None:
    row = {"instance": "mes", "operation_id": unit, "order_id": "W1", "equipment_id": unit,
           "product_id": "P-1", "start_us": SHIFT, "end_us": None, "setup_end_us": SHIFT,
           "updated_us": 0}  # fmt: skip
    tx.execute(t.operations.insert().values(**row))


@pytest.mark.parametrize(
    ("planned", "fixed_us", "hours"),
    [
        (True, k.START, (1, 0)),  # at the last moment
        (True, k.START + 1, (0, 1)),  # a moment too late
        (True, SHIFT + HOUR, (0, 1)),  # when it began
        (False, k.START - HOUR, (0, 1)),  # early, but not planned
    ],
)
def test_a_stop_is_planned_only_if_it_was_fixed_before_the_plan_froze(
    database: Database, planned, fixed_us, hours
) -> None:
    unit = k.UNITS[1]
    with database.write() as tx:
        k.plant(tx)
        counts(tx, unit, 60, 0)
        order(tx, unit)
        for at, code in ((SHIFT, RUN), (SHIFT + HOUR, HELD), (SHIFT + 2 * HOUR, RUN)):
            state(tx, unit, at, code)
        row = {"instance": "mes", "downtime_id": "D", "equipment_id": unit, "start_us": SHIFT + HOUR,
               "end_us": SHIFT + 2 * HOUR, "reason": "Care", "planned": planned, "fixed_us": fixed_us,
               "updated_us": 0}  # fmt: skip
        tx.execute(t.downtimes.insert().values(**row))
        recompute(tx, k.LINE, SHIFT, NOW)
        c = t.kpi_cells.c
        rows = tx.execute(t.kpi_cells.select().where(c.equipment_id == unit, c.from_us == SHIFT)).mappings()
        m = total(Measures.of(row) for row in rows)
    assert (m.planned_us, m.down_us) == (hours[0] * HOUR, hours[1] * HOUR)
    assert (m.production_us, m.failures) == (3 * HOUR, hours[1])


@pytest.mark.parametrize(("end_us", "wip"), [(None, 15), (NOW - HOUR, 0)])
def test_work_in_progress_is_what_went_in_less_what_came_out_and_was_scrapped(
    database: Database, end_us, wip
) -> None:
    """100 good parts left the first machine; the second scrapped 3, the third 2 and gave 80: 15 lie between.
    What the first scrapped never went in. An order that is over has none."""
    with database.write() as tx:
        k.plant(tx)
        clocks.write(tx, "north", Clock(NOW, wall_us(), 1e-12))
        for unit, good, scrap in zip(k.UNITS, (100, 95, 80), (4, 3, 2), strict=True):
            state(tx, unit, SHIFT, RUN)
            counts(tx, unit, good, scrap)
            order(tx, unit)
        row = {"instance": "mes", "order_id": "W1", "product_id": "P-1", "line_id": k.LINE, "quantity": 200.0,
               "start_us": SHIFT, "end_us": end_us, "planned_start_us": SHIFT, "planned_end_us": NOW,
               "due_us": NOW, "status": "Running", "updated_us": 0}  # fmt: skip
        known = {column.name for column in t.orders.c}
        tx.execute(t.orders.insert().values(**{name: v for name, v in row.items() if name in known}))
        who = f.account(tx, "mia", [Role.PLANT_MANAGER], ["north"])
    Keeper(database).turn()
    queries = KpiQueries(Context(database, who, SITE, Clock(NOW, wall_us(), 1e-12)))
    (found,) = queries.orders(Ask(k.LINE, k.START, NOW))
    assert (found.good, found.scrap, found.wip) == (80, 9, wip)
