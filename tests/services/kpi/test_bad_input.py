"""Bad input is flagged on the screen with cause and record, and never a wrong number in silence."""

from dataclasses import replace
from typing import Any

import pytest

from auth.permissions import Role
from components import kpi as drawn
from components import shifts
from components.remarks import flags_panel, remarks_csv
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE, Clock, wall_us
from domain.oee import Oee
from domain.reporting import Kind, Period
from services import clocks, rollups
from services.context import Context
from services.kpi import dirty
from services.kpi.keeping import Keeper
from services.queries.kpi import KpiQueries
from services.reports import gather
from services.rows.kpi import Ask, FlagRow, KpiView
from services.rows.site import SiteRow
from tests import factories as f
from tests.kits.shifts import sheet
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
    html = flags_panel(found, SITE, NOW)
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
        f.absent(tx, UNIT, SHIFT + 2 * HOUR)
    found = view(plant)
    m, figures = found.whole.measures, found.whole.figures
    assert (m.production_us, m.good) == (2 * HOUR, 120.0)
    assert figures.oee == pytest.approx(120 * 50 / (2 * 3600))
    row = flag(found, "state_after_removal")
    assert "360 min after it was removed" in row.words and row.record.startswith("states from ")


@pytest.mark.parametrize("hours", [1, 3])
def test_parts_made_in_a_silence_count_without_a_rate(plant, hours) -> None:
    """The counter goes on unheard: the first bucket after it holds 60 parts an hour of the silence."""
    begin, end = SHIFT + HOUR, SHIFT + (1 + hours) * HOUR
    c = t.counts.c
    with plant.write() as tx:
        tx.execute(t.counts.delete().where(c.equipment_id == UNIT, c.bucket_us >= begin, c.bucket_us < end))
        tx.execute(t.counts.update().where(c.bucket_us == end).values(good=5.0 + 60 * hours))
    found = view(plant)
    m, figures = found.whole.measures, found.whole.figures
    assert (m.good, m.no_data_us) == (480.0, hours * HOUR - 10 * MINUTE)
    heard_s = (8 - hours) * 3600 + 600
    assert m.ideal_s == pytest.approx((480 - 60 * hours - 5) * 50 + 300)
    assert figures.oee == pytest.approx(m.ideal_s / heard_s) and figures.oee < 0.85
    row = flag(found, "parts_of_a_gap")
    assert f"{5 + 60 * hours} parts came to light after a silence" in row.words


def test_what_comes_at_once_over_a_change_of_shift_is_named_in_both(plant) -> None:
    """The counters were last read 40 min before the shift, while other values came."""
    since = SHIFT - 40 * MINUTE
    c = t.counts.c
    with plant.write() as tx:
        first = (c.equipment_id == UNIT) & (c.bucket_us == SHIFT + 30 * MINUTE)
        tx.execute(t.counts.update().where(first).values(good=50.0, parts_since_us=since))
        within = (c.equipment_id == UNIT) & (c.bucket_us == SHIFT + 2 * HOUR)
        values = {"good": 9.0, "parts_since_us": SHIFT + HOUR, "energy_since_us": SHIFT + HOUR}
        tx.execute(t.counts.update().where(within).values(**values))  # nothing odd: the same shift
    row = flag(view(plant), "over_a_shift_change")
    assert "50 parts came at once after 70 min" in row.words and "40 min lie before this shift" in row.words
    assert "kWh" not in row.words and row.at_us == SHIFT + 30 * MINUTE
    with plant.write() as tx:
        meter = (c.equipment_id == UNIT) & (c.bucket_us == SHIFT + 8 * HOUR + 10 * MINUTE)
        tx.execute(t.counts.update().where(meter).values(energy_kwh=7.5, energy_since_us=SHIFT + 7 * HOUR))
        dirty.mark(tx, [(UNIT, SHIFT + 8 * HOUR, SHIFT + 9 * HOUR)])
    Keeper(plant).turn()
    with plant.read() as tx:
        (shift,) = sheet(tx, k.LINE, SHIFT, SHIFT + HOUR)
        period = Period(Kind.SHIFT, SHIFT, SHIFT + 8 * HOUR, "early", "Early")
        report = gather.report(tx, k.LINE, period, NOW)
    assert [words.split(" came at once")[0] for words in shift.unsure] == [
        "CNC-12: 50 parts", "Counted in what follows. CNC-12: 7.5 kWh",
    ]  # fmt: skip
    assert report.unsure == shift.unsure and report.remarks[-2:] == shift.unsure
    assert "50 parts came at once" in shifts.unsure_panel([shift], SITE)
    assert "7.5 kWh" in shifts.shifts_csv([shift], SITE).decode()


def test_effectiveness_over_100_percent_is_shown_and_flagged(plant) -> None:
    with plant.write() as tx:
        tx.execute(t.product_rates.update().values(planned_cycle_s=90.0))
    found = view(plant)
    assert found.whole.figures.effectiveness == pytest.approx(1.5)
    row = flag(found, "faster_than_planned")
    assert row.record == "W1" and "150 % of the planned speed" in row.words


def test_parts_that_come_while_the_machine_stands_are_flagged(plant) -> None:
    with plant.write() as tx:
        tx.execute(t.states.update().values(state=HELD))
    found = view(plant)
    assert found.whole.figures.availability == 0.0 and found.whole.measures.good == 480
    row = flag(found, "parts_while_standing")
    assert row.record == "W1" and "480 parts of order W1 were counted while the machine stood" in row.words
    assert any("while the machine stood" in words for words in Oee(0, 1, found.whole.measures).flags)


def test_the_sentence_on_top_names_no_loss_of_another_product(plant) -> None:
    with plant.write() as tx:
        state(tx, SHIFT + 5 * HOUR, HELD)
    found = view(plant)
    assert "Largest loss: failures" in drawn.headline(found)
    assert "Largest loss" not in drawn.headline(replace(found, ask=replace(found.ask, product="P-1")))


def test_an_order_without_a_product_has_no_rate(plant) -> None:
    with plant.write() as tx:
        tx.execute(t.operations.update().values(product_id=""))
    found = view(plant)
    assert found.whole.figures.oee is None and found.whole.measures.good == 480
    assert flag(found, "order_without_product").record == "W1"


def test_every_record_of_a_remark_is_in_the_file(plant) -> None:
    """The screen names the newest of four orders without a product; the file names all."""
    with plant.write() as tx:
        tx.execute(t.operations.delete())
        for number in range(4):
            begin = SHIFT + 2 * number * HOUR
            order(tx, operation_id=f"W{number}-1", order_id=f"W{number}", product_id="", start_us=begin,
                  end_us=begin + 2 * HOUR, setup_end_us=begin)  # fmt: skip
    found = view(plant)
    row = flag(found, "order_without_product")
    with plant.write() as tx:
        who = f.account(tx, "tom", [Role.SUPERVISOR], ["north"])
    queries = KpiQueries(Context(plant, who, SITE, Clock(NOW, wall_us(), 1e-12)))
    remarks = queries.remarks(found.ask)
    records = [one.record for one in remarks if one.code == "order_without_product"]
    assert (row.times, sorted(records)) == (4, ["W0", "W1", "W2", "W3"])
    lines = remarks_csv(remarks, SITE).decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + len(remarks) and any(",W2," in line for line in lines)


def test_an_order_goes_on_behind_a_rush_order_and_both_are_named(plant) -> None:
    """60 parts an hour for 8 h, one of them for the rush order; none is without an order."""
    with plant.write() as tx:
        order(tx, operation_id="R-1", order_id="RUSH", start_us=SHIFT + 2 * HOUR, end_us=SHIFT + 3 * HOUR,
              setup_end_us=SHIFT + 2 * HOUR)  # fmt: skip
    found = view(plant)
    assert {one.code for one in found.flags} == {"off_plan", "overlapping_orders"}
    assert found.whole.figures.oee == pytest.approx(480 * 50 / (8 * 3600))
    row = flag(found, "overlapping_orders")
    assert row.record == "W1 and RUSH" and row.words.endswith("for RUSH; W1 goes on behind it.")
    c = t.kpi_cells.c
    with plant.read() as tx:
        cells = tx.execute(t.kpi_cells.select().where(c.equipment_id == UNIT)).mappings()
        made = {row["order_id"]: row["good"] for row in cells if row["good"]}
    assert made == {"W1": 420, "RUSH": 60}


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
    flagged = flag(found, "overlapping_shifts")
    assert flagged.record == "Early and Extra" and "counts once" in flagged.words


def test_a_shift_goes_on_behind_overtime_that_lies_within_it(plant) -> None:
    """60 parts an hour: 2 h before, 2 h of overtime, 4 h behind; nothing is outside the shifts."""
    with plant.write() as tx:
        row = {"instance": "mes", "shift_id": "within", "line_id": k.LINE, "name": "Overtime",
               "start_us": SHIFT + 2 * HOUR, "end_us": SHIFT + 4 * HOUR, "break_s": 0,
               "break_start_us": None, "frozen_us": SHIFT, "updated_us": 0}  # fmt: skip
        tx.execute(t.shifts.insert().values(**row))
    found = view(plant)
    assert {row.name: row.measures.good for row in found.shifts if row.measures.good} == {
        "Early": 360, "Overtime": 120,
    }  # fmt: skip
    assert flag(found, "overlapping_shifts").words == (
        "Shifts Early and Overtime overlap: each minute counts once, for Overtime; Early goes on behind it."
    )


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
    assert "1 remark in the last 35 days of it" in flags_panel(long, SITE, NOW)
    then = queries.view(Ask(UNIT, NOW - 90 * DAY, NOW - 40 * DAY))
    assert {one.code for one in then.flags} == {"no_data"}


def test_a_rare_remark_is_not_hidden_behind_one_that_every_machine_has(plant) -> None:
    Keeper(plant).turn()
    with plant.write() as tx:
        common = [
            {"equipment_id": unit, "from_us": SHIFT + day, "code": code, "record": "r", "at_us": SHIFT + day,
             "words": f"{code} of {unit[-2:]}."}
            for unit in k.UNITS for day in range(20) for code in (f"kind_{c}" for c in range(5))
        ]  # fmt: skip
        tx.execute(t.kpi_flags.insert(), common)
        rare = {"equipment_id": k.UNITS[0], "from_us": SHIFT - 2 * DAY, "code": "counter_reset"}
        tx.execute(t.kpi_flags.insert().values(**rare, record="r", at_us=SHIFT - 2 * DAY, words="It fell."))
        who = f.account(tx, "sue", [Role.SUPERVISOR], ["north"])
    queries = KpiQueries(Context(plant, who, SITE, Clock(NOW, wall_us(), 1e-12)))
    found = queries.view(Ask(k.LINE, k.START - 3 * DAY, k.START + 2 * DAY))
    row = flag(found, "counter_reset")
    assert (row.times, row.machines) == (1, 1)
    assert {(one.times, one.machines) for one in found.flags if one.code.startswith("kind_")} == {(60, 3)}
    assert "and 2 more" in flags_panel(found, SITE, NOW)
