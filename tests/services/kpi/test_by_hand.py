"""Planned stops and work in progress through facts, store and query, worked by hand."""

import pytest
from sqlalchemy import delete, select

from auth.permissions import Role
from components import kpi as drawn
from components.kpi_orders import orders_csv, orders_panel
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE, Clock, wall_us
from domain.kpi import Measures, total
from domain.state_sources import MODE_METRICS, ItemMode, ItemState, mode_of, state_of
from domain.telemetry import MachineMode
from domain.time_model import Span
from services import clocks
from services.context import Context
from services.kpi.closing import inspected_until
from services.kpi.keeping import Keeper
from services.kpi.recompute import recompute
from services.queries.kpi import KpiQueries
from services.rows.kpi import Ask, KpiView
from services.rows.site import SiteRow
from services.stops.finding import find
from tests import factories as f
from tests.services.kpi import facts as k

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
SHIFT = k.START + 2 * HOUR  # its plan was fixed at k.START
NOW = SHIFT + 4 * HOUR
RUN, ABORTED, HELD = 6, 9, 11


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


def stop(tx, unit: str, start_us: int, end_us: int | None, fixed_us: int = k.START) -> None:
    row = {"instance": "mes", "downtime_id": "D", "equipment_id": unit, "start_us": start_us,
           "end_us": end_us, "reason": "Care", "planned": True, "fixed_us": fixed_us,
           "updated_us": 0}  # fmt: skip
    tx.execute(t.downtimes.insert().values(**row))


def stood(database: Database, unit: str, *, until_us: int = NOW) -> tuple[float, float]:
    """Planned and down, in hours, of a machine that stood for the whole shift."""
    with database.write() as tx:
        counts(tx, unit, 0, 0)
        order(tx, unit)
        state(tx, unit, SHIFT - HOUR, HELD)
        recompute(tx, k.LINE, SHIFT, until_us)
        c = t.kpi_cells.c
        rows = tx.execute(t.kpi_cells.select().where(c.equipment_id == unit, c.from_us == SHIFT)).mappings()
        m = total(Measures.of(row) for row in rows)
    return m.planned_us / HOUR, m.down_us / HOUR


@pytest.mark.parametrize(("fixed_us", "hours"), [(k.START, (2, 2)), (k.START + 1, (0, 4))])
def test_a_stop_that_begins_before_a_shift_is_judged_by_the_plan_of_that_shift(
    database: Database, fixed_us, hours
) -> None:
    with database.write() as tx:
        k.plant(tx)
        stop(tx, k.UNITS[1], SHIFT - 5 * MINUTE, SHIFT + 2 * HOUR, fixed_us)
    assert stood(database, k.UNITS[1]) == hours


@pytest.mark.parametrize(
    ("ends", "hours"),
    [
        ([], (3, 1)),
        ([(k.START + 1, SHIFT + HOUR)], (1, 3)),  # planned for an hour, prolonged after the freeze
        ([(k.START, SHIFT + HOUR)], (3, 1)),  # prolonged before it
        ([(k.START + 1, SHIFT + HOUR), (SHIFT + HOUR, SHIFT + 2 * HOUR)], (1, 3)),
        ([(SHIFT + HOUR, None)], (3, 1)),  # no end was planned: that of the stop, within the shift
    ],
)
def test_a_stop_is_planned_up_to_the_end_that_stood_when_the_plan_froze(
    database: Database, ends, hours
) -> None:
    unit = k.UNITS[1]
    with database.write() as tx:
        k.plant(tx)
        stop(tx, unit, SHIFT, SHIFT + 3 * HOUR)
        for until_us, end_us in ends:
            row = {"instance": "mes", "downtime_id": "D", "until_us": until_us, "end_us": end_us}
            tx.execute(t.stop_ends.insert().values(**row))
    assert stood(database, unit) == hours


def test_a_stop_without_an_end_is_planned_in_its_first_shift_and_marked(database: Database) -> None:
    unit, second = k.UNITS[1], SHIFT + 12 * HOUR
    with database.write() as tx:
        k.plant(tx)
        stop(tx, unit, SHIFT - MINUTE, None)
        for at in range(NOW, second + 2 * HOUR, 5 * MINUTE):
            row = {"equipment_id": unit, "bucket_us": at, "good": 0.0, "scrap": 0.0, "energy_kwh": 0.0}
            tx.execute(t.counts.insert().values(**row))
        row = {"instance": "mes", "operation_id": "next", "order_id": "W2", "equipment_id": unit,
               "product_id": "P-1", "start_us": second, "end_us": None, "setup_end_us": second,
               "updated_us": 0}  # fmt: skip
        tx.execute(t.operations.insert().values(**row))
    assert stood(database, unit, until_us=second + 2 * HOUR) == (8, 0)
    with database.read() as tx:
        c, f_ = t.kpi_cells.c, t.kpi_flags.c
        later = tx.execute(t.kpi_cells.select().where(c.equipment_id == unit, c.from_us == second)).mappings()
        m = total(Measures.of(row) for row in later)
        (words,) = tx.execute(select(f_.words).where(f_.code == "planned_without_end")).scalars()
    assert (m.planned_us, m.down_us) == (0, 2 * HOUR)
    assert words == "Stop D is planned and has no end yet: 480 min of it count as planned."


def measured(tx, unit: str, from_us: int, to_us: int) -> Measures:
    """What the cells of a machine in a stretch add up to."""
    c = t.kpi_cells.c
    here = (c.equipment_id == unit, c.from_us >= from_us, c.from_us < to_us)
    return total(Measures.of(row) for row in tx.execute(t.kpi_cells.select().where(*here)).mappings())


MODES = [(mode, state) for mode in ItemMode for state in ItemState]  # of OPC 40001-1
PRODUCES = {(ItemMode.PROCESSING, ItemState.EXECUTING), (ItemMode.NONE, ItemState.EXECUTING)}


@pytest.mark.parametrize(("mode", "item"), MODES)
def test_the_modes_of_opc_40001_1_become_the_times_of_its_table_68(database: Database, mode, item) -> None:
    """With an order: APT only where it executes in mode Processing (or says no mode), AUST in mode Setup,
    ADET for the rest, Maintenance too."""
    unit = k.UNITS[1]
    with database.write() as tx:
        k.plant(tx)
        counts(tx, unit, 0, 0)
        order(tx, unit)
        at = {"equipment_id": unit, "source_us": SHIFT, "receive_us": SHIFT}
        said = {"state": state_of("machinery_item_state", item), "mode": mode_of(MODE_METRICS[1], mode)}
        tx.execute(t.states.insert().values(**at, **said))
        recompute(tx, k.LINE, SHIFT, NOW)
        m = measured(tx, unit, SHIFT, NOW)
        flags = set(tx.execute(select(t.kpi_flags.c.code)).scalars())
    found = {name: us for name in ("production_us", "setup_us", "down_us") if (us := getattr(m, name))}
    wanted = "setup_us" if mode is ItemMode.SETUP else "down_us"
    assert set(found) == {"production_us" if (mode, item) in PRODUCES else wanted}
    marked = (mode, item) == (ItemMode.MAINTENANCE, ItemState.EXECUTING)
    assert ("mode_without_production" in flags) is marked


@pytest.mark.parametrize("mode", [MachineMode.MAINTENANCE, MachineMode.MANUAL])
def test_executing_in_maintenance_or_by_hand_is_no_production_and_is_marked(database: Database, mode) -> None:
    unit = k.UNITS[1]
    with database.write() as tx:
        k.plant(tx)
        stop(tx, unit, SHIFT + 2 * HOUR, SHIFT + 3 * HOUR)
        counts(tx, unit, 60, 0)
        order(tx, unit)
        state(tx, unit, SHIFT, RUN)
        row = {"equipment_id": unit, "source_us": SHIFT + HOUR, "state": RUN, "mode": int(mode),
               "receive_us": SHIFT}  # fmt: skip
        tx.execute(t.states.insert().values(**row))
        state(tx, unit, SHIFT + 3 * HOUR, RUN)
        recompute(tx, k.LINE, SHIFT, NOW)
        m = measured(tx, unit, SHIFT, NOW)
        f_ = t.kpi_flags.c
        words = tx.execute(select(f_.words).where(f_.code == "mode_without_production")).scalars().all()
    assert (m.production_us, m.down_us, m.planned_us) == (2 * HOUR, HOUR, HOUR)
    assert words == ["Executed for 60 min in a mode of maintenance or manual work: no production."]


@pytest.mark.parametrize(("since_us", "found"), [(0, (0, 1)), (-MINUTE * 6, (1, 0)), (-MINUTE * 4, (0, 1))])
def test_a_stop_over_a_change_of_the_limit_is_read_by_that_of_its_beginning(
    database: Database, since_us, found
) -> None:
    """Ten minutes over the edge between two shifts; 15 min is the limit from `since_us` on."""
    unit, edge = k.UNITS[1], SHIFT + 2 * HOUR
    with database.write() as tx:
        k.plant(tx)
        tx.execute(delete(t.shifts))
        for name, begin, end in (("A", SHIFT, edge), ("B", edge, NOW)):
            row = {"instance": "mes", "shift_id": name, "line_id": k.LINE, "name": name, "start_us": begin,
                   "end_us": end, "break_s": 0, "break_start_us": None, "frozen_us": begin,
                   "updated_us": 0}  # fmt: skip
            tx.execute(t.shifts.insert().values(**row))
        row = {"scope": k.LINE, "valid_from_us": edge + since_us, "minor_stop_s": 900,
               "minor_model": "availability", "set_by": "x", "set_wall_us": 0, "reason": "r"}  # fmt: skip
        tx.execute(t.stop_policies.insert().values(**row))
        counts(tx, unit, 60, 0)
        order(tx, unit)
        for at, code in ((SHIFT, RUN), (edge - 5 * MINUTE, HELD), (edge + 5 * MINUTE, RUN)):
            state(tx, unit, at, code)
        recompute(tx, k.LINE, SHIFT, NOW)
        m = measured(tx, unit, SHIFT, NOW)
        editor = find(tx, k.LINE, Span(SHIFT, NOW), NOW).found
    assert (m.minor_stops, m.failures) == found
    assert m.down_us == 10 * MINUTE and m.minor_us == found[0] * 10 * MINUTE
    assert [one.short for one in editor] == [bool(found[0])]


NODE, DEVICE = "plant/edge-1", "plant/edge-1/cnc-12"


def by_exception(tx, unit: str, *, died_us: int | None, node_died_us: int | None) -> None:
    alias = {"source": "sparkplug", "external_id": DEVICE, "equipment_id": unit}
    tx.execute(t.equipment_aliases.insert().values(**alias))
    node = {"node": NODE, "online": True, "seen_us": 0, "rebirths": 0, "offline_us": node_died_us}
    tx.execute(t.edge_nodes.insert().values(**node))
    device = {"external_id": DEVICE, "online": True, "offline_us": died_us, "gap_cause": ""}
    tx.execute(t.edge_devices.insert().values(**device))


@pytest.mark.parametrize(
    ("source", "hours"),
    [
        (None, (0.25, 1.75)),  # of other sources nobody says that silence means unchanged
        ({}, (2, 0)),
        ({"died_us": SHIFT + 2 * HOUR}, (1, 1)),
        ({"node_died_us": SHIFT + 2 * HOUR}, (1, 1)),
        ({"gap": (NODE, SHIFT + 2 * HOUR, SHIFT + 2.5 * HOUR)}, (1.5, 0.5)),
        ({"gap": (DEVICE, SHIFT + 2 * HOUR, SHIFT + 2.5 * HOUR)}, (1.5, 0.5)),
    ],
)
def test_silence_of_a_source_that_sends_by_exception_means_unchanged(
    database: Database, source, hours
) -> None:
    """Aborted after an hour, silent for two hours, then running: down, and without data, in hours."""
    unit, silent = k.UNITS[1], (SHIFT + HOUR, SHIFT + 3 * HOUR)
    with database.write() as tx:
        k.plant(tx)
        if source is not None:
            dead = {name: source.get(name) for name in ("died_us", "node_died_us")}
            by_exception(tx, unit, **dead)
        if source and "gap" in source:
            name, begin, end = source["gap"]
            row = {"source": "sparkplug", "external_id": name, "from_us": begin, "to_us": int(end),
                   "missing": -1, "cause": "x", "receive_us": 0}  # fmt: skip
            tx.execute(t.gaps.insert().values(**row))
        for at in range(SHIFT, NOW, 5 * MINUTE):
            if not silent[0] < at + 5 * MINUTE <= silent[1]:
                row = {"equipment_id": unit, "bucket_us": at, "good": 1.0, "scrap": 0.0, "energy_kwh": 0.0}
                tx.execute(t.counts.insert().values(**row))
        order(tx, unit)
        for at, code in ((SHIFT, RUN), (silent[0], ABORTED), (silent[1], RUN)):
            state(tx, unit, at, code)
        recompute(tx, k.LINE, SHIFT, NOW)
        m = measured(tx, unit, SHIFT, NOW)
    # the last message came five minutes before the silence
    off = 0 if source is not None else 5 * MINUTE / HOUR
    assert (m.down_us / HOUR, m.no_data_us / HOUR) == pytest.approx((hours[0] - off, hours[1] + off))


@pytest.mark.parametrize(
    ("code", "mode", "minutes"), [(ABORTED, 1, 120), (HELD, 1, 120), (ABORTED, 4, 0), (RUN, 1, 0), (4, 1, 0)]
)
def test_a_setup_over_a_failure_is_marked(database: Database, code, mode, minutes) -> None:
    """The machine stands for two hours; the next order is booked ten minutes before it runs again."""
    unit, stands, runs = k.UNITS[1], SHIFT + HOUR, SHIFT + 3 * HOUR
    with database.write() as tx:
        k.plant(tx)
        for at in range(SHIFT, NOW, 5 * MINUTE):
            good = 0.0 if stands <= at < runs else 5.0
            row = {"equipment_id": unit, "bucket_us": at, "good": good, "scrap": 0.0, "energy_kwh": 0.0}
            tx.execute(t.counts.insert().values(**row))
        switch = runs - 10 * MINUTE
        for number, begin, end in ((1, SHIFT, switch), (2, switch, None)):
            row = {"instance": "mes", "operation_id": f"W{number}", "order_id": f"W{number}",
                   "equipment_id": unit, "product_id": f"P-{number}", "start_us": begin, "end_us": end,
                   "setup_end_us": None, "updated_us": 0}  # fmt: skip
            tx.execute(t.operations.insert().values(**row))
        for at, now, how in ((SHIFT, RUN, 1), (stands, code, mode), (runs, RUN, 1)):
            row = {"equipment_id": unit, "source_us": at, "state": now, "mode": how, "receive_us": at}
            tx.execute(t.states.insert().values(**row))
        recompute(tx, k.LINE, SHIFT, NOW)
        f_ = t.kpi_flags.c
        query = select(f_.record, f_.at_us, f_.words).where(f_.code == "setup_over_failure")
        found = [tuple(row) for row in tx.execute(query)]
        m = measured(tx, unit, SHIFT, NOW)
    assert (m.setup_us, m.down_us, m.failures) == (2 * HOUR, 0, 0)
    assert [(record, at) for record, at, _ in found] == [("W2", stands)] * bool(minutes)
    assert all(f"aborted or held for {minutes} min" in words for _, _, words in found)


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


def look(database: Database, scope: str) -> KpiView:
    """What the figures show of a scope."""
    return queries_of(database).view(Ask(scope, k.START - DAY, NOW + DAY))


def said(found: KpiView, code: str) -> tuple[str, str]:
    """(record, words) of a remark."""
    (row,) = (one for one in found.flags if one.code == code)
    return row.record, row.words


def test_a_machine_that_tells_no_parts_has_no_oee_and_a_remark(database: Database) -> None:
    unit = k.UNITS[1]
    with database.write() as tx:
        k.plant(tx)
        state(tx, unit, SHIFT, RUN)
        counts(tx, unit, 0, 0)
        order(tx, unit)
        row = {"metric_id": 1, "equipment_id": unit, "name": "state", "unit": "", "kind": "state"}
        tx.execute(t.metrics.insert().values(**row))
    found = look(database, unit)
    g = found.whole.figures
    assert (g.oee, g.effectiveness, g.quality, g.availability) == (None, None, None, 1.0)
    assert "has no counter of good parts" in drawn.headline(found)
    assert said(found, "no_counter")[0] == "good_count"


def test_scrap_that_only_an_inspection_found_is_in_quality_and_said(database: Database) -> None:
    """100 parts, of them 3 scrapped by the machine's own count; the inspection scraps 13."""
    unit = k.UNITS[1]
    with database.write() as tx:
        k.plant(tx)
        state(tx, unit, SHIFT, RUN)
        counts(tx, unit, 97, 3)
        order(tx, unit)
        row = {"instance": "mes", "result_id": "Q1", "equipment_id": unit, "order_id": "W1", "rework": 2.0,
               "at_us": SHIFT + 3 * HOUR, "good": 85.0, "scrap": 13.0, "updated_us": 0}  # fmt: skip
        tx.execute(t.quality_results.insert().values(**row))
    found = look(database, unit)
    assert found.whole.figures.quality == pytest.approx(0.87)
    assert found.whole.figures.oee == pytest.approx(87 * 50 / (4 * 3600))
    assert found.whole.figures.first_pass_yield == pytest.approx(0.85)
    record, words = said(found, "scrap_of_inspection")
    assert record == "W1"
    assert words == (
        "Inspections scrapped 10 parts of order W1 that the machine counted as good: they count as scrap"
        " here, in quality and OEE too."
    )


@pytest.mark.parametrize("told", [True, None])
def test_parts_inspected_again_are_no_first_pass(database: Database, told: bool | None) -> None:
    """Of 100 parts 90 pass, 10 are reworked; of these 9 pass later and 1 is scrapped. A MES that does
    not tell the second inspection from the first counts 10 parts twice, and the order says so."""
    unit = k.UNITS[1]
    with database.write() as tx:
        k.plant(tx)
        state(tx, unit, SHIFT, RUN)
        counts(tx, unit, 100, 0)
        order(tx, unit)
        tx.execute(t.orders.insert().values(**of_order()))
        rows = (("Q1", 1, 90.0, 0.0, 10.0, None), ("Q2", 3, 9.0, 1.0, 0.0, told))
        for number, hour, good, scrap, rework, again in rows:
            tx.execute(t.quality_results.insert().values(
                instance="mes", result_id=number, equipment_id=unit, order_id="W1", at_us=SHIFT + hour * HOUR,
                good=good, scrap=scrap, rework=rework, reinspection=again, updated_us=0,
            ))  # fmt: skip
        inspected = inspected_until(tx, [unit])[unit]
    queries = queries_of(database)
    found = queries.view(Ask(unit, k.START - DAY, NOW + DAY))
    first_pass = 0.9 if told else 99 / 110
    assert found.whole.figures.first_pass_yield == pytest.approx(first_pass)
    assert found.whole.figures.rework_ratio == pytest.approx(0.1)
    assert "scrapped 1 parts of order W1" in said(found, "scrap_of_inspection")[1]
    assert inspected == SHIFT + (1 if told else 3) * HOUR
    ask = Ask(k.LINE, k.START, NOW + 1)
    (row,) = queries.orders(ask)
    assert row.twice == (0 if told else 10)
    words = "10 more inspected than made"
    assert (words in orders_panel((row,), queries.kept(ask))) is not bool(told)
    assert (words in orders_csv((row,), SITE).decode()) is not bool(told)


def test_jobs_of_a_kind_that_overlap_count_once(database: Database) -> None:
    """Two corrective jobs at once for 2 h, preventive ones of 1 h each that overlap by half."""
    unit = k.UNITS[1]
    jobs = [
        ("corrective", 0, 120),
        ("corrective", 0, 120),
        ("preventive", 120, 180),
        ("preventive", 150, 210),
    ]
    with database.write() as tx:
        k.plant(tx)
        state(tx, unit, SHIFT, HELD)
        counts(tx, unit, 0, 0)
        order(tx, unit)
        for number, (kind, begin, end) in enumerate(jobs):
            tx.execute(t.maintenance.insert().values(
                instance="mes", maintenance_id=f"M{number}", equipment_id=unit, kind=kind, status="done",
                planned_us=SHIFT, start_us=SHIFT + begin * MINUTE, end_us=SHIFT + end * MINUTE, updated_us=0,
            ))  # fmt: skip
    found = look(database, unit).whole
    assert (found.measures.corrective_us, found.measures.preventive_us) == (120 * MINUTE, 90 * MINUTE)
    assert found.figures.corrective_ratio == pytest.approx(120 / 210)


def test_parts_without_an_order_are_no_work_on_orders(database: Database) -> None:
    """It runs for 4 h, in the last of them without an order."""
    unit = k.UNITS[1]
    with database.write() as tx:
        k.plant(tx)
        state(tx, unit, SHIFT, RUN)
        counts(tx, unit, 100, 0)
        order(tx, unit)
        tx.execute(t.operations.update().values(end_us=SHIFT + 3 * HOUR))
    found = look(database, unit).whole
    assert found.measures.unordered_us == found.measures.unordered_run_us == HOUR
    assert found.figures.allocation_efficiency == pytest.approx(3 / 4)
    assert found.figures.utilisation == 1.0


def of_order(**changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "instance": "mes", "order_id": "W1", "product_id": "P-1", "line_id": k.LINE, "quantity": 200.0,
        "released_us": SHIFT - HOUR, "start_us": SHIFT, "end_us": None, "planned_start_us": SHIFT,
        "planned_end_us": NOW, "due_us": NOW, "status": "Running", "updated_us": 0,
    }  # fmt: skip
    return row | changes


def queries_of(database: Database) -> KpiQueries:
    with database.write() as tx:
        clocks.write(tx, "north", Clock(NOW, wall_us(), 1e-12))
        who = f.account(tx, "mia", [Role.PLANT_MANAGER], ["north"])
    Keeper(database).turn()
    return KpiQueries(Context(database, who, SITE, Clock(NOW, wall_us(), 1e-12)))


def test_more_out_than_in_is_said_with_its_cause(database: Database) -> None:
    """40 good parts of the first machine, 100 of the last: 60 are not known of."""
    with database.write() as tx:
        k.plant(tx)
        for unit, good in zip(k.UNITS, (40, 95, 100), strict=True):
            state(tx, unit, SHIFT, RUN)
            counts(tx, unit, good, 0)
            order(tx, unit)
        tx.execute(t.orders.insert().values(**of_order()))
    queries = queries_of(database)
    ask = Ask(k.LINE, k.START, NOW + 1)
    (found,) = queries.orders(ask)
    assert (found.wip, found.more_out) == (0.0, 60.0)
    words = "60 more came out than went in"
    assert words in orders_panel((found,), queries.kept(ask))
    assert words in orders_csv((found,), SITE).decode()


def test_an_order_is_held_to_the_plan_that_stood_when_it_was_released(database: Database) -> None:
    """Planned for 08:00, moved to 08:30 before its release and by three hours after it; it ended at 10:00."""
    old, first, now = SHIFT + HOUR, SHIFT + HOUR + 30 * MINUTE, SHIFT + 4 * HOUR
    with database.write() as tx:
        k.plant(tx)
        tx.execute(t.orders.insert().values(**of_order(planned_end_us=now, end_us=SHIFT + 3 * HOUR)))
        for learned, before, after in ((SHIFT - 2 * HOUR, old, first), (SHIFT + HOUR, first, now)):
            tx.execute(t.mes_changes.insert().values(
                instance="mes", entity="orders", record="W1", line_id=k.LINE, equipment_id="", product_id="",
                from_us=SHIFT, to_us=now, field="planned_end_us", old=str(before), new=str(after),
                learned_us=learned, learned_wall_us=0,
            ))  # fmt: skip
    queries = queries_of(database)
    ask = Ask(k.LINE, first, first + 1)  # the moment at which it was to end
    (found,) = queries.orders(Ask(k.LINE, k.START, NOW + DAY))
    assert found.promised_us == first and found.figures.late_us == 90 * MINUTE
    assert (queries.kept(ask).due, queries.kept(ask).kept) == (1, 0)
    assert queries.kept(Ask(k.LINE, now, now + 1)).due == 0
    assert "planned again" in orders_panel((found,), queries.kept(ask))
