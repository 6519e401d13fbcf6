"""The floor in step with the physics: what the MES says must be what the plant did."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import OperationalError

from domain.clock import DAY, HOUR, MINUTE, SECOND
from simulator.contract import JobEvent, JobKind, JobStatus, StateChange, StopReason, TickReport
from simulator.erp import schema as erp
from simulator.floor import PlantFloor, master_data, open_floor, reader_urls
from simulator.layout import Layout, demo
from simulator.mes import schema as mes
from simulator.physics.process import SETTINGS, truth
from simulator.world import World
from tests.simulator.floor.conftest import NOW

TICK = 5 * MINUTE


class Watched:
    """A floor that keeps the reports it was given."""

    def __init__(self, floor: PlantFloor) -> None:
        self.floor = floor
        self.reports: list[TickReport] = []
        self.plan, self.requests, self.take_part = floor.plan, floor.requests, floor.take_part
        self.flush = floor.flush

    def report(self, report: TickReport) -> None:
        self.reports.append(report)
        self.floor.report(report)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Layout, list[TickReport]]:
    """Five days of the whole plant, closed."""
    folder = tmp_path_factory.mktemp("ran")
    layout = demo()
    floor = open_floor(layout, 3, folder)
    watched = Watched(floor)
    for _ in World(layout, 3, NOW, watched).ticks(NOW + 5 * DAY, TICK):
        pass
    floor.close()
    return folder, layout, watched.reports


def rows(folder: Path, line: int, table: str, where: str = "1=1") -> list[sqlite3.Row]:
    connection = sqlite3.connect(f"file:{folder}/mes-line-{line}.db?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        return list(connection.execute(f"SELECT * FROM {table} WHERE {where}"))
    finally:
        connection.close()


Ran = tuple[Path, Layout, list[TickReport]]


@pytest.mark.parametrize("line", [1, 2, 3, 4, 5])
def test_quality_results_add_up_to_what_was_made(ran: Ran, line: int) -> None:
    folder, _, reports = ran
    units = slice((line - 1) * 10, line * 10)
    good = np.sum([report.good for report in reports], axis=0)[units]
    scrap = np.sum([report.scrap for report in reports], axis=0)[units]
    last_hour = (NOW + 5 * DAY) // HOUR * HOUR
    assert last_hour == NOW + 5 * DAY  # so that nothing is still open
    for position, machine in enumerate(sorted({row["machine_id"] for row in rows(folder, line, "machines")})):
        found = rows(folder, line, "quality_results", f"machine_id = '{machine}'")
        assert sum(row["good"] for row in found) == pytest.approx(good[position])
        assert sum(row["scrap"] + row["rework"] for row in found) == pytest.approx(scrap[position])
        assert all(row["defects"] >= row["scrap"] + row["rework"] for row in found)


@pytest.mark.parametrize("line", [1, 4, 5])
def test_orders_follow_one_another(ran: Ran, line: int) -> None:
    orders = rows(ran[0], line, "work_orders", "1=1 ORDER BY order_no")
    done = [order for order in orders if order["status"] == "Completed"]
    assert len(done) >= 3
    assert Counter(order["status"] for order in orders)["Running"] <= 1
    for order in done:
        assert order["good"] >= order["quantity"]
        assert order["planned_start"] < order["planned_end"] <= order["due"]
    for before, after in pairwise(done):
        assert before["actual_end"] <= after["actual_start"]
        assert before["planned_end"] <= after["planned_start"]


def test_operations_belong_to_orders_and_setups_end(ran: Ran) -> None:
    folder = ran[0]
    orders = {order["order_no"]: order for order in rows(folder, 1, "work_orders")}
    operations = rows(folder, 1, "operations")
    ended = [operation for operation in operations if operation["ended_at"]]
    assert len(operations) == 10 * len([o for o in orders.values() if o["actual_start"]])
    assert len([o for o in ended if o["setup_ended_at"] and o["setup_ended_at"] > o["started_at"]]) > 5
    for operation in ended:
        order = orders[operation["order_no"]]
        assert operation["product_no"] == order["product_no"]
        assert order["actual_start"] == operation["started_at"] < operation["ended_at"] == order["actual_end"]
        if operation["setup_ended_at"]:
            assert operation["started_at"] <= operation["setup_ended_at"] <= operation["ended_at"]


def test_every_product_has_a_planned_cycle_on_every_machine(ran: Ran) -> None:
    folder, layout, _ = ran
    routings = {(r["product_no"], r["machine_id"]): r["planned_cycle_s"] for r in rows(folder, 1, "routings")}
    assert len(routings) == 30
    first = layout.products[0]
    assert routings[first.product_id, "M-L1-011"] == first.cycle_s * layout.units[0].cycle_factor


def test_shifts_cover_the_days_and_freeze_before_they_begin(ran: Ran) -> None:
    shifts = rows(ran[0], 1, "shifts", "1=1 ORDER BY starts_at")
    assert {shift["name"] for shift in shifts} == {"Early", "Late", "Night"}
    assert shifts[0]["starts_at"] <= NOW
    assert shifts[-1]["ends_at"] >= NOW + 6 * DAY
    for before, after in pairwise(shifts):
        assert before["ends_at"] == after["starts_at"]
    for shift in shifts:
        assert shift["frozen_at"] < shift["starts_at"] < shift["break_starts_at"] < shift["ends_at"]
    assert {shift["name"] for shift in rows(ran[0], 5, "shifts")} == {"Early", "Late"}


def test_stops_are_booked_as_they_were(ran: Ran) -> None:
    folder, layout, reports = ran
    failed = Counter(
        layout.units[change.unit].line
        for report in reports
        for change in report.changes
        if change.reason is StopReason.FAILURE
    )
    for line in range(5):
        stops = rows(folder, line + 1, "downtime", "1=1 ORDER BY machine_id, started_at")
        for before, after in pairwise(stops):
            if before["machine_id"] == after["machine_id"]:
                assert before["ended_at"] <= after["started_at"]
        words = Counter(stop["reason"] for stop in stops)
        assert failed[line] * 0.3 - 2 <= words["Breakdown"] <= failed[line]
        assert words["Short stop"] > 20
        assert words[""] > 0  # some reasons are never booked
        assert all(not stop["planned"] for stop in stops if stop["reason"] in ("Breakdown", "Repair"))


def test_reasons_come_late_at_times(ran: Ran) -> None:
    late = [
        stop
        for line in range(1, 6)
        for stop in rows(ran[0], line, "downtime", "reason = 'Short stop'")
        if stop["updated_at"] > stop["ended_at"] + HOUR
    ]
    assert len(late) > 20


def test_maintenance_is_what_the_crew_did_and_wrote_down(ran: Ran) -> None:
    folder, _, reports = ran
    end = reports[-1].to_us
    logged: set[tuple[str, str]] = set()
    unlogged: set[tuple[str, str]] = set()
    for event in (event for report in reports for event in report.jobs):
        in_books = event.log_us is not None and event.log_us <= end
        (logged if in_books else unlogged).add((event.job_id, event.status.value))
    found = {
        (row["order_no"], row["status"])
        for line in range(1, 6)
        for row in rows(folder, line, "maintenance_orders")
    }
    assert found <= logged
    assert {job for job, _ in logged} == {job for job, _ in found}
    assert not found & (unlogged - logged)


def test_stock_is_what_came_less_what_went(ran: Ran) -> None:
    engine = create_engine(f"sqlite:///{ran[0]}/erp.db")
    with engine.connect() as tx:
        stock = tx.execute(select(erp.stock)).all()
        issued = tx.execute(select(func.count()).select_from(erp.issues)).scalar_one()
        posted = tx.execute(select(erp.postings)).all()
    engine.dispose()
    assert len(stock) == 25
    assert all(row.on_hand >= 0 and 0 <= row.reserved <= row.on_hand for row in stock)
    kinds = Counter(row.kind for row in posted)
    assert kinds["goods_issue"] == issued
    assert kinds["purchase_order"] >= kinds["goods_receipt"]


def test_a_watermark_reader_misses_nothing(layout: Layout, tmp_path: Path) -> None:
    """Read `WHERE updated_at > watermark` while the plant runs; the copy equals the original."""
    floor = open_floor(layout, 3, tmp_path)
    copies: dict[str, dict[str, Any]] = {table.name: {} for table in mes.READABLE}
    marks = dict.fromkeys(copies, -1)
    records = floor.systems[0].records

    def read() -> None:
        with records.read() as tx:
            for table in mes.READABLE:
                newer = (
                    select(table).where(table.c.updated_at > marks[table.name]).order_by(table.c.updated_at)
                )
                for row in tx.execute(newer):
                    copies[table.name][row[0]] = tuple(row)
                    marks[table.name] = row.updated_at

    world = World(layout, 3, NOW, floor)
    for number, _ in enumerate(world.ticks(NOW + DAY, TICK)):
        if number % 7 == 0:
            floor.flush()
        if number % 3 == 0:
            read()
    floor.flush()
    read()
    with records.read() as tx:
        for table in mes.READABLE:
            original = {row[0]: tuple(row) for row in tx.execute(select(table))}
            assert copies[table.name] == original
    assert copies["quality_results"]
    floor.close()


def test_it_goes_on_after_a_crash_and_counts_a_tick_once(
    open_plant: Callable[..., PlantFloor], layout: Layout
) -> None:
    watched = Watched(open_plant())
    world = World(layout, 3, NOW, watched)
    for _ in world.ticks(NOW + DAY, TICK):
        pass
    watched.floor.flush()
    again = open_plant()
    for report in watched.reports[-30:]:
        again.plan(report.from_us, report.to_us)
        again.report(report)
    again.flush()
    with again.systems[0].records.read() as tx:
        made = tx.execute(select(func.sum(mes.quality_results.c.good))).scalar_one()
        running = tx.execute(select(func.count()).where(mes.work_orders.c.status == "Running")).scalar_one()
    open_now = sum(good for good, _ in again.systems[0].book.memory.made)
    assert made + open_now == pytest.approx(sum(report.good[:10].sum() for report in watched.reports))
    assert running <= 1


def test_the_same_seed_gives_the_same_plans(layout: Layout, tmp_path: Path) -> None:
    plans = []
    for name in ("a", "b"):
        floor = open_floor(layout, 8, tmp_path / name)
        floor.systems[0].production.product(NOW, True)
        plans.append([(o["order_no"], o["quantity"]) for o in floor.systems[0].book.memory.orders])
        floor.close()
    assert plans[0] == plans[1]


def test_readers_read_and_do_not_write(ran: Ran) -> None:
    folder, layout, _ = ran
    urls = reader_urls(layout, folder)
    assert set(urls) == {"line-1", "line-2", "line-3", "line-4", "line-5", "erp"}
    engine = create_engine(urls["line-1"])
    with engine.connect() as tx:
        assert tx.execute(text("SELECT count(*) FROM machines")).scalar() == 10
        with pytest.raises(OperationalError, match="readonly"):
            tx.execute(text("DELETE FROM machines"))
    engine.dispose()


def test_master_data_names_a_part_for_every_cause() -> None:
    data = master_data()
    assert len(data["parts_of_machines"]) == 25
    assert {
        "source": "mes:line-1",
        "external_id": "M-L1-011",
        "equipment_id": "north/machining/line-1/cnc-11",
    } in (data["equipment_aliases"])
    assert len(data["equipment_aliases"]) == 55


def test_the_plan_has_the_shapes_of_the_contract(floor: PlantFloor, layout: Layout) -> None:
    plan = floor.plan(NOW, NOW + 5 * SECOND)
    for array in (plan.open, plan.in_break, plan.order, plan.product, plan.cycle_s):
        assert array.shape == (20,)
    assert plan.order.all() and plan.open.all()
    assert np.isin(plan.product[:10], layout.lines[0].products).all()
    assert (plan.cycle_s > 0).all()


def test_a_stop_that_the_plant_forgot_in_a_crash_ends_when_parts_are_made(floor: PlantFloor) -> None:
    stop = StateChange(0, NOW, 9, 1, StopReason.FAILURE)
    floor.plan(NOW, NOW + TICK)
    floor.report(report_of(NOW, 0, stop))
    floor.report(report_of(NOW + TICK, 0))
    floor.report(report_of(NOW + 2 * TICK, 5))
    floor.flush()
    with floor.systems[0].records.read() as tx:
        row = tx.execute(select(mes.downtime)).one()
    assert (row.started_at, row.ended_at) == (NOW, NOW + 2 * TICK)


def report_of(from_us: int, good: float, *changes: StateChange) -> TickReport:
    made = np.zeros(20)
    made[0] = good
    return TickReport(from_us, from_us + TICK, made, np.zeros(20), changes, (), ())


def test_the_crew_writes_down_late_or_never(open_plant: Callable[..., PlantFloor]) -> None:
    floor = open_plant()
    for job_id, log_us in (("late", NOW + 3 * HOUR), ("never", None)):
        event = JobEvent(
            job_id, 0, JobKind.CORRECTIVE, JobStatus.DONE, NOW, NOW, NOW, NOW, "", None, None, log_us
        )
        floor.report(replace(report_of(NOW, 0), jobs=(event,)))
    floor.flush()
    seen = [job_rows(floor)]
    again = open_plant()  # what is not written down yet survives
    again.report(report_of(NOW + 3 * HOUR, 0))
    again.flush()
    seen.append(job_rows(again))
    assert seen == [[], ["late"]]


def job_rows(floor: PlantFloor) -> list[str]:
    with floor.systems[0].records.read() as tx:
        return list(tx.execute(select(mes.maintenance_orders.c.order_no)).scalars())


def test_settings_are_written_for_each_operation_and_drive_scrap_as_the_truth_says(ran: Ran) -> None:
    folder, layout, _ = ran
    assert not rows(folder, 1, "process_values")  # a line whose machines have no settings
    off: dict[bool, list[float]] = {True: [], False: []}
    for line in (2, 4):
        settings = SETTINGS[layout.lines[line - 1].machine_type]
        found = {row["value_no"]: row for row in rows(folder, line, "process_values")}
        operations = rows(folder, line, "operations")
        assert len(found) == 3 * len(operations)
        for one in operations:
            link, parts = truth(layout.site, one["product_no"]), one["good"] + one["scrap"]
            row = found[f"{one['operation_no']}-{settings[link.driver].name}"]
            turned = (row["actual"] - row["set_point"]) / settings[link.driver].reach
            if parts > 300:
                off[turned * link.best > 0].append(one["scrap"] / parts)
    assert np.mean(off[False]) > np.mean(off[True]) + 0.01  # away from the best, and towards it


def test_how_a_plant_is_set_changes_nothing_but_its_scrap(ran: Ran, tmp_path: Path) -> None:
    _, layout, reports = ran
    floor = open_floor(layout, 3, tmp_path)
    watched = Watched(floor)
    watched.plan = lambda from_us, to_us: replace(floor.plan(from_us, to_us), spoils=0.0)  # type: ignore[method-assign]
    for _ in World(layout, 3, NOW, watched).ticks(NOW + 6 * HOUR, TICK):
        pass
    floor.close()
    for mine, theirs in zip(watched.reports, reports, strict=False):
        assert np.array_equal(mine.good + mine.scrap, theirs.good + theirs.scrap)
        assert mine.changes == theirs.changes and (mine.scrap <= theirs.scrap).all()
