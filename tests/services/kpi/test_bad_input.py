"""Bad input is flagged on the screen with cause and record, and never a wrong number in silence."""

from typing import Any

import pytest

from auth.permissions import Role
from components import kpi as drawn
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE, Clock, wall_us
from services import clocks, rollups
from services.context import Context
from services.kpi.keeping import Keeper
from services.queries.kpi import KpiQueries
from services.rows.kpi import Ask, FlagRow, KpiView
from services.rows.site import SiteRow
from tests import factories as f
from tests.services.kpi import facts as k

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
UNIT = k.UNITS[1]  # sets the pace
SHIFT = k.START + 2 * HOUR
NOW = k.START + 11 * HOUR
HELD, EXECUTE = 11, 6


@pytest.fixture
def plant(database: Database) -> Database:
    """One shift of 8 h with a break of half an hour; its machine runs, 60 parts an hour, 50 s planned."""
    with database.write() as tx:
        k.plant(tx)
        clocks.write(tx, "north", Clock(NOW, wall_us(), 1e-12))
        state(tx, SHIFT - HOUR, HELD)
        state(tx, SHIFT, EXECUTE)
        state(tx, SHIFT + 8 * HOUR, HELD)
        for bucket in range(SHIFT - HOUR, NOW, 5 * MINUTE):
            made = 5.0 if SHIFT <= bucket < SHIFT + 8 * HOUR else 0.0
            count(tx, bucket, made)
        order(tx)
    return database


def state(tx, at: int, code: int) -> None:
    row = {"equipment_id": UNIT, "source_us": at, "state": code, "mode": 1, "receive_us": at}
    tx.execute(t.states.insert().values(**row))


def count(tx, bucket: int, good: float, **more: float) -> None:
    row = {"equipment_id": UNIT, "bucket_us": bucket, "good": good, "scrap": 0.0, "energy_kwh": 0.1, **more}
    tx.execute(t.counts.insert().values(**row))


def order(tx, **changes: Any) -> None:
    row = {"instance": "mes", "operation_id": "W1-1", "order_id": "W1", "equipment_id": UNIT,
           "product_id": "P-1", "start_us": SHIFT, "end_us": SHIFT + 8 * HOUR, "setup_end_us": SHIFT,
           "updated_us": 0}  # fmt: skip
    tx.execute(t.operations.insert().values(**(row | changes)))


def view(database: Database) -> KpiView:
    Keeper(database).turn()
    with database.write() as tx:
        who = f.account(tx, "sue", [Role.SUPERVISOR], ["north"])
    queries = KpiQueries(Context(database, who, SITE, Clock(NOW, wall_us(), 1e-12)))
    return queries.view(Ask(UNIT, k.START - 24 * HOUR, k.START + 48 * HOUR))


def flag(found: KpiView, code: str) -> FlagRow:
    """The flag, which the screen shows with its words and its record."""
    row = next((one for one in found.flags if one.code == code), None)
    assert row is not None, sorted(one.code for one in found.flags)
    html = drawn.flags_panel(found, SITE, NOW)
    assert row.words in html and row.record and row.record in html
    return row


def test_without_bad_input_nothing_but_work_in_the_break_is_flagged(plant) -> None:
    found = view(plant)
    m = found.whole.measures
    assert {one.code for one in found.flags} == {"off_plan"}
    assert (m.good, m.production_us) == (480.0, 8 * HOUR)
    assert found.whole.figures.oee == pytest.approx(480 * 50 / (8 * 3600))


@pytest.mark.parametrize("cycle", [0.0, -5.0])
def test_a_planned_cycle_of_zero_is_no_rate(plant, cycle) -> None:
    with plant.write() as tx:
        tx.execute(t.product_rates.update().values(planned_cycle_s=cycle))
    found = view(plant)
    assert found.whole.figures.oee is None and found.whole.figures.effectiveness is None
    assert found.whole.figures.availability == 1.0
    assert flag(found, "cycle_zero").record == "P-1"
    assert "480 parts in order W1" in flag(found, "no_rate").words


def test_counters_that_fall_or_read_below_zero_add_no_part_that_was_not_made(database: Database) -> None:
    with database.write() as tx:
        k.plant(tx)
        clocks.write(tx, "north", Clock(NOW, wall_us(), 1e-12))
        state(tx, SHIFT, EXECUTE)
        order(tx)
        metric = {"metric_id": 1, "equipment_id": UNIT, "name": "good_count", "unit": "1", "kind": "counter"}
        tx.execute(t.metrics.insert().values(**metric))
        readings = [(1, 100.0), (6, 110.0), (11, -70.0), (16, 120.0), (21, 4.0), (26, 9.0), (31, -1.0)]
        rows = [
            {
                "metric_id": 1,
                "source_us": SHIFT + at * MINUTE,
                "value": value,
                "quality": 192,
                "receive_us": 0,
            }
            for at, value in readings
        ]
        tx.execute(t.readings.insert(), rows)
        rollups.refresh(tx, {(UNIT, rollups.bucket_of(row["source_us"])) for row in rows})
    found = view(database)
    assert found.whole.measures.good == 10 + 10 + 4 + 5
    assert "fell" in flag(found, "counter_reset").words
    below = flag(found, "negative_counter")
    assert "below zero" in below.words and below.times == 2 and below.record.startswith("counts from ")


def test_a_negative_inspection_is_left_out(plant) -> None:
    with plant.write() as tx:
        check = {"instance": "mes", "equipment_id": UNIT, "order_id": "W1", "good": 4.0, "scrap": 0.0,
                 "at_us": SHIFT + HOUR, "rework": 1.0, "updated_us": 0}  # fmt: skip
        tx.execute(t.quality_results.insert().values(**check, result_id="Q-good"))
        tx.execute(t.quality_results.insert().values(**(check | {"good": -4.0}), result_id="Q-odd"))
    found = view(plant)
    assert (found.whole.measures.inspected, found.whole.measures.rework) == (5.0, 1.0)
    assert flag(found, "negative_quantity").record == "Q-odd"


def test_states_after_the_machine_was_removed_count_nothing(plant) -> None:
    with plant.write() as tx:
        tx.execute(
            t.equipment.update().where(t.equipment.c.equipment_id == UNIT).values(removed_us=SHIFT + 2 * HOUR)
        )
    found = view(plant)
    assert found.whole.measures.production_us == 2 * HOUR
    row = flag(found, "state_after_removal")
    assert "360 min after it was removed" in row.words and row.record.startswith("states from ")


def test_effectiveness_over_100_percent_is_shown_and_flagged(plant) -> None:
    with plant.write() as tx:
        tx.execute(t.product_rates.update().values(planned_cycle_s=90.0))
    found = view(plant)
    assert found.whole.figures.effectiveness == pytest.approx(1.5)
    row = flag(found, "faster_than_planned")
    assert row.record == "W1" and "150 % of the planned speed" in row.words


def test_an_order_without_a_product_has_no_rate(plant) -> None:
    with plant.write() as tx:
        tx.execute(t.operations.update().values(product_id=""))
    found = view(plant)
    assert found.whole.figures.oee is None and found.whole.measures.good == 480
    assert flag(found, "order_without_product").record == "W1"


def test_a_minute_in_two_shifts_counts_once(plant) -> None:
    with plant.write() as tx:
        row = {"instance": "mes", "shift_id": "twice", "line_id": k.LINE, "name": "Extra",
               "start_us": SHIFT + 6 * HOUR, "end_us": SHIFT + 9 * HOUR, "break_s": 0,
               "break_start_us": None, "frozen_us": SHIFT, "updated_us": 0}  # fmt: skip
        tx.execute(t.shifts.insert().values(**row))
    found = view(plant)
    m = found.whole.measures
    assert (m.production_us, m.good) == (8 * HOUR, 480.0)
    assert {row.name: row.measures.good for row in found.shifts}["Extra"] == 120
    row = flag(found, "overlapping_shifts")
    assert row.record == "Early and Extra" and "counts once" in row.words


def test_a_long_stretch_shows_the_newest_remarks_and_says_so(plant) -> None:
    Keeper(plant).turn()
    with plant.write() as tx:
        old = {"equipment_id": UNIT, "from_us": NOW - 60 * DAY, "code": "no_data", "record": "old",
               "at_us": NOW - 60 * DAY, "words": "x"}  # fmt: skip
        tx.execute(t.kpi_flags.insert().values(**old))
        who = f.account(tx, "sue", [Role.SUPERVISOR], ["north"])
    queries = KpiQueries(Context(plant, who, SITE, Clock(NOW, wall_us(), 1e-12)))
    long = queries.view(Ask(UNIT, NOW - 90 * DAY, NOW + DAY))
    assert {one.code for one in long.flags} == {"off_plan"} and long.flag_count == 1
    assert "1 remark in the last 35 days of it" in drawn.flags_panel(long, SITE, NOW)
    then = queries.view(Ask(UNIT, NOW - 90 * DAY, NOW - 40 * DAY))
    assert {one.code for one in then.flags} == {"no_data"}
