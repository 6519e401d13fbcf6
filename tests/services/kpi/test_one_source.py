"""A machine and a shift have one OEE: on the line screen, on the sheet of the shift and in the report."""

import random

import pytest
from sqlalchemy import select

from auth.permissions import Role
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, FOR_EVER_US, HOUR, MINUTE, Clock, wall_us
from domain.reporting import Kind, Period
from domain.time_model import Span
from services import clocks
from services.context import Context
from services.floor import line as line_screen
from services.floor import machine as machine_screen
from services.floor.plant import Request
from services.floor.plant import read as plant_screen
from services.kpi import dirty, reading
from services.kpi import window as windows
from services.kpi.keeping import Keeper
from services.queries.energy import EnergyQueries
from services.reports import gather
from services.rows.floor import Window
from services.rows.kpi import Ask
from services.rows.site import SiteRow
from services.stops.finding import find
from tests import factories as f
from tests.kits import asked
from tests.kits.shifts import sheet as sheet_of
from tests.services.kpi import facts as k

RUNNING = Span(k.START + 26 * HOUR, k.START + 34 * HOUR)  # the third shift of the facts; END lies in it
OVER = Span(k.START + 14 * HOUR, k.START + 22 * HOUR)


@pytest.fixture
def plant(database: Database) -> Database:
    return filled(database)


@pytest.fixture(params=["database", "postgres"])
def either(request) -> Database:
    """The same plant on one database, and on the other."""
    return filled(request.getfixturevalue(request.param))


def filled(database: Database) -> Database:
    with database.write() as tx:
        k.plant(tx)
        clocks.write(tx, "north", Clock(k.END, wall_us(), 1e-12))
        for fact in k.random_facts(random.Random(7)):
            if fact.table is not t.operations:
                k.store(tx, fact)
        orders = [
            {"instance": "mes", "operation_id": f"{unit}-{n}", "order_id": f"W{n}", "equipment_id": unit,
             "product_id": f"P-{n % 2 + 1}", "start_us": k.START + 5 * n * HOUR,
             "end_us": k.START + (5 * n + 5) * HOUR, "setup_end_us": k.START + 5 * n * HOUR + 20 * MINUTE,
             "updated_us": 0}
            for unit in k.UNITS for n in range(6)
        ]  # fmt: skip
        tx.execute(t.operations.insert(), orders)
    return database


def sheet(tx, shift: Span):
    row = next(r for r in sheet_of(tx, k.LINE, shift.from_us, shift.from_us + 1))
    return row.now


def report(tx, shift: Span, now_us: int):
    return gather.report(tx, k.LINE, Period(Kind.SHIFT, shift.from_us, shift.to_us, "k", "k"), now_us)


def same(one: float | None, other: float | None) -> bool:
    return one is not None and one == pytest.approx(other, rel=1e-12)


def test_the_running_shift_is_the_same_everywhere(plant) -> None:
    Keeper(plant).turn()
    with plant.read() as tx:
        screen = line_screen.read(tx, Request(k.LINE, Window.SHIFT, k.END))
        whole = plant_screen(tx, Request("north", Window.SHIFT, k.END))
        paper, page = report(tx, RUNNING, k.END), sheet(tx, RUNNING)
        unit = machine_screen.read(tx, Request(k.UNITS[1], Window.SHIFT, k.END)).figures.oee
    oee = screen.figures.oee.oee
    assert oee is not None and 0 < oee < 3
    assert same(oee, page.figures.oee) and same(oee, paper.whole.oee) and same(oee, whole.oee.oee)
    assert same(screen.figures.oee.good, page.measures.good)
    row = next(r for r in paper.machines if r.equipment_id == k.UNITS[1])
    beside = next(u for u in screen.units if u.unit.equipment_id == k.UNITS[1])
    assert same(row.oee.oee, unit.oee) and same(row.oee.oee, beside.oee.oee)


def test_a_fact_that_has_just_come_is_on_the_screen_before_the_roll_ups_have_it(plant) -> None:
    Keeper(plant).turn()
    at = k.END - 20 * MINUTE
    before = shown(plant)
    with plant.write() as tx:
        other = 9 if before.strip[-1].state == 6 else 6
        row = {"equipment_id": k.UNITS[1], "source_us": at + 1, "state": other, "mode": 1, "receive_us": at}
        tx.execute(t.states.insert().values(**row))
        dirty.mark(tx, [(k.UNITS[1], at, FOR_EVER_US)])
    changed = shown(plant)
    assert changed.strip[-1].state == other and changed.strip != before.strip
    Keeper(plant).turn()
    kept = shown(plant)
    assert kept.measures == changed.measures
    assert [(s.from_us, s.to_us, s.leaf) for s in kept.strip] == [
        (s.from_us, s.to_us, s.leaf) for s in changed.strip
    ]


def shown(database: Database) -> windows.Window:
    with database.read() as tx:
        return windows.read(tx, k.LINE, [k.UNITS[1]], Span(RUNNING.from_us, k.END), k.END)[k.UNITS[1]]


@pytest.mark.parametrize("shift", [OVER, RUNNING])
def test_what_is_measured_here_is_what_the_roll_ups_keep(plant, shift) -> None:
    """Without roll-ups, and behind a dead keeper, the same figures: it is the same code."""
    span = Span(shift.from_us, min(shift.to_us, k.END))
    with plant.read() as tx:
        fresh = windows.read(tx, k.LINE, k.UNITS, span, k.END)
    Keeper(plant).turn()
    with plant.read() as tx:
        kept = windows.read(tx, k.LINE, k.UNITS, span, k.END)
    for unit in k.UNITS:
        assert fresh[unit].products.keys() == kept[unit].products.keys()
        for product, m in fresh[unit].products.items():
            for name in m.__slots__:
                assert getattr(kept[unit].products[product], name) == pytest.approx(getattr(m, name))


def test_a_shift_that_is_over_is_the_same_in_report_sheet_and_figures(plant) -> None:
    now = k.END
    Keeper(plant).turn()
    with plant.read() as tx:
        first, second = report(tx, OVER, now), sheet(tx, OVER)
    assert same(first.whole.oee, second.figures.oee)
    with plant.write() as tx:
        check = {"instance": "mes", "result_id": "late", "equipment_id": k.UNITS[1], "order_id": None,
                 "at_us": OVER.from_us + HOUR, "good": 4.0, "scrap": 0.0, "rework": 3.0,
                 "updated_us": 1}  # fmt: skip
        tx.execute(t.quality_results.insert().values(**check))
        tx.execute(
            t.counts.update()
            .where(t.counts.c.equipment_id == k.UNITS[1], t.counts.c.bucket_us >= OVER.from_us)
            .values(good=3.0)
        )
        dirty.mark(tx, [(k.UNITS[1], OVER.from_us, now)])
    Keeper(plant).turn()
    with plant.read() as tx:
        third, fourth = report(tx, OVER, now), sheet(tx, OVER)
    assert same(third.whole.oee, fourth.figures.oee) and third.whole.oee != first.whole.oee


def test_a_window_that_cuts_a_shift_holds_its_own_time_only(plant) -> None:
    Keeper(plant).turn()
    span = Span(OVER.from_us + HOUR, OVER.to_us - HOUR)
    with plant.read() as tx:
        part = windows.read(tx, k.LINE, [k.UNITS[0]], span, k.END)[k.UNITS[0]]
    assert part.measures.calendar_us == span.to_us - span.from_us
    assert (part.strip[0].from_us, part.strip[-1].to_us) == (span.from_us, span.to_us)


def test_the_waterfall_of_a_report_is_that_of_the_figures(plant) -> None:
    Keeper(plant).turn()
    with plant.read() as tx:
        paper = report(tx, OVER, k.END)
        view = reading.read(tx, Ask(k.LINE, k.START - 24 * HOUR, k.END + 48 * HOUR, "Late"))
    assert [s.name for s in paper.waterfall][1:-1] == [
        "No shift", "Breaks and planned stops", "No data", "Blocked or starved", "No order, idle",
        "Failures", "Minor stops", "Setup", "Slow cycles", "Scrap",
    ]  # fmt: skip
    waits = next(s.hours for s in paper.waterfall if s.name == "Blocked or starved")
    m = view.whole.measures
    assert waits == pytest.approx((m.blocked_us + m.starved_us) / HOUR)
    lost = {loss.name: loss.minutes for loss in paper.losses}
    assert lost == pytest.approx({b.label: b.seconds / 60 for b in view.big_losses})


def test_energy_per_good_part_of_a_line_is_the_same_on_every_screen(plant) -> None:
    Keeper(plant).turn()
    day = k.START - k.START % DAY
    span = Span(day, day + 3 * DAY)
    with plant.write() as tx:
        mia = f.account(tx, "mia", (Role.PLANT_MANAGER,), ("north",))
        tx.execute(t.sites.update().values(time_zone="UTC"))
        tx.execute(t.counts.update().values(energy_kwh=0.25))
        dirty.mark(tx, [(k.LINE, span.from_us, span.to_us)])
    Keeper(plant).turn()
    with plant.read() as tx:
        view = reading.read(tx, Ask(k.LINE, span.from_us, span.to_us))
        above = reading.read(tx, Ask("north", span.from_us, span.to_us))
    site = SiteRow("north", "North", "UTC", "EUR")
    queries = EnergyQueries(Context(plant, mia, site, Clock(k.END, wall_us(), 1e-6)))
    energy = queries.view(k.LINE, span.from_us, span.to_us)
    assert view.whole.measures.energy_kwh == pytest.approx(energy.whole.kwh) and energy.whole.kwh > 0
    assert view.whole.measures.good == pytest.approx(energy.whole.good)
    assert view.whole.figures.energy_per_part == pytest.approx(energy.whole.per_part_kwh)
    (line,) = above.parts
    assert line.figures.energy_per_part == pytest.approx(energy.whole.per_part_kwh)
    assert view.whole.figures.energy_per_made == pytest.approx(energy.whole.per_made_kwh)
    assert line.figures.energy_per_made == pytest.approx(energy.whole.per_made_kwh)
    assert above.whole.figures.energy_per_made is None
    assert above.whole.figures.energy_per_part is None  # parts of different lines do not add up
    inspected = sum(row.measures.inspected for row in view.parts)
    assert view.whole.measures.inspected == inspected


def test_the_stops_editor_charges_a_wait_to_whom_the_figures_charge_it(plant) -> None:
    Keeper(plant).turn()
    i, charged = t.intervals.c, []
    with plant.read() as tx:
        finding = find(tx, k.LINE, Span(k.START + 8 * HOUR, k.END), k.END)
        proposals = finding.proposals(tx, finding.found)
        for found in finding.found:
            stop = found.stop
            if not stop.external:
                continue
            us: dict[tuple[str, str], int] = {}
            query = select(i.from_us, i.to_us, i.cause, i.charged_to).where(
                i.equipment_id == stop.equipment_id,
                i.cause.in_(["waiting", "blocked", "starved"]),
                i.from_us < stop.to_us,
                i.to_us > stop.from_us,
            )
            for begin, end, cause, whom in tx.execute(query):
                length = min(end, stop.to_us) - max(begin, stop.from_us)
                us[cause, whom] = us.get((cause, whom), 0) + length
            cause, whom = max(us, key=lambda key: us[key], default=("", ""))
            said = (
                (proposals[found.stop.key].reason, proposals[found.stop.key].charged_to)
                if proposals[found.stop.key]
                else ("", "")
            )
            assert said == ((cause, whom) if whom else ("", ""))
            charged.append(whom)
    assert len(charged) > 5 and "" in charged and len(set(charged)) > 2


def test_what_is_kept_of_all_machines_of_a_line_is_read_at_once(either, monkeypatch) -> None:
    Keeper(either).turn()
    with either.read() as tx:
        alone = {u: windows.read(tx, k.LINE, [u], OVER, k.END)[u].products for u in k.UNITS}
        sent = asked.watch(monkeypatch)
        found = windows.read(tx, k.LINE, k.UNITS[:1], OVER, k.END, k.UNITS[1:])
    assert {unit: window.products for unit, window in found.items()} == alone
    assert [bool(found[unit].strip) for unit in k.UNITS] == [True] + [False] * (len(k.UNITS) - 1)
    assert asked.about(sent, "FROM kpi_cells") == asked.about(sent, "FROM kpi_progress") == 1
