"""Lines without shifts, shifts that end within a bucket of the counters, a constraint that moves after a
close: worked by hand."""

import re
from base64 import b64decode

import pytest
from sqlalchemy import delete, select, update

from auth.permissions import Role
from components.kpi import big_losses_panel, headline
from components.kpi_charts import trend_svg
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE, Clock, wall_us
from domain.kpi import Measures, MinorModel
from domain.shift_calendar import at_minute, local_day
from services import clocks
from services.commands.figures import FigureCommands
from services.context import Context
from services.kpi import reading
from services.kpi.keeping import Keeper
from services.kpi.recompute import recompute
from services.queries.kpi import KpiQueries
from services.rows.kpi import Ask
from services.rows.site import SiteRow
from tests import factories as f
from tests.kits.shifts import sheet
from tests.services.kpi import facts as k

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
SHIFT, UNIT = k.START + 2 * HOUR, k.UNITS[1]
NOW = SHIFT + 9 * HOUR
RUN, ABORTED = 6, 9


def worked(tx, unit: str, states: list[tuple[int, int]], good: dict[int, float]) -> None:
    """One order from SHIFT on; `good` are parts by bucket, and the machine is heard all the time."""
    for at, code in states:
        row = {"equipment_id": unit, "source_us": at, "state": code, "mode": 1, "receive_us": at}
        tx.execute(t.states.insert().values(**row))
    for bucket in range(SHIFT, NOW, 5 * MINUTE):
        row = {"equipment_id": unit, "bucket_us": bucket, "good": good.get(bucket, 0.0), "scrap": 0.0,
               "energy_kwh": 0.0}  # fmt: skip
        tx.execute(t.counts.insert().values(**row))
    row = {"instance": "mes", "operation_id": unit, "order_id": "W1", "equipment_id": unit,
           "product_id": "P-1", "start_us": SHIFT, "end_us": SHIFT + 8 * HOUR, "setup_end_us": SHIFT,
           "updated_us": 0}  # fmt: skip
    tx.execute(t.operations.insert().values(**row))


def shift(tx, name: str, from_us: int, to_us: int) -> None:
    row = {"instance": "mes", "shift_id": name, "line_id": k.LINE, "name": name, "start_us": from_us,
           "end_us": to_us, "break_s": 0, "break_start_us": None, "frozen_us": from_us,
           "updated_us": 0}  # fmt: skip
    tx.execute(t.shifts.insert().values(**row))


def queries(database: Database) -> KpiQueries:
    with database.write() as tx:
        clocks.write(tx, "north", Clock(NOW, wall_us(), 1e-12))
        who = f.account(tx, "sue", (Role.SUPERVISOR,), ("north",))
    return KpiQueries(Context(database, who, SITE, Clock(NOW, wall_us(), 1e-12)))


@pytest.mark.parametrize("scope", ["north", k.LINE, UNIT])
@pytest.mark.parametrize("planned", [False, True])
def test_a_line_without_a_shift_says_that_its_standstills_count_nowhere(
    database: Database, scope, planned
) -> None:
    with database.write() as tx:
        k.plant(tx)
        if not planned:
            tx.execute(delete(t.shifts))
        states = [(SHIFT, RUN), (SHIFT + 2 * HOUR, ABORTED), (SHIFT + 6 * HOUR, RUN)]
        worked(tx, UNIT, states, {SHIFT: 60.0})
        recompute(tx, k.LINE, SHIFT, NOW)
    asked, ask = queries(database), Ask(scope, k.START - DAY, k.START + 2 * DAY)
    view, listed = asked.view(ask), asked.remarks(ask)
    shown = [(r.equipment_id, r.words) for r in view.flags if r.code == "no_shifts"]
    words = "The line has no shift plan in this stretch, so there is no availability and no OEE: the machine"
    wanted = [] if planned else [(UNIT, f"{words} worked for 300 min and stood for 240 min with an order.")]
    assert shown == wanted == [(r.equipment_id, r.words) for r in listed if r.code == "no_shifts"]
    assert view.whole.measures.down_us == (3.5 * HOUR if planned else 0)
    made = [view.whole, *view.parts, *view.days, *view.shifts, *view.products]
    beside = [row for row in view.shifts if row.name == "Outside shifts" and row.measures.production_us]
    assert [row.figures.availability for row in beside] == [None]
    known = [row for row in made if row.measures.production_us and (row not in beside or not planned)]
    assert {row.level for row in known} >= {"day", "shift", "product"}
    assert {row.figures.availability is not None for row in known} == {planned}
    assert {row.figures.oee is not None for row in known} == {planned}
    assert view.whole.figures.effectiveness is not None
    orders = asked.orders(ask)
    assert [row.oee is not None for row in orders] == [planned] * len(orders)
    assert [row.seconds is None for row in view.big_losses] == [not planned, False, not planned, *[False] * 3]
    why = ": no OEE</b>, because it has no shift plan for the time in which it worked."
    assert (why in headline(view)) != planned and ("no shift plan" in big_losses_panel(view, SITE)) != planned


@pytest.mark.parametrize(("minute", "marked"), [(3, True), (5, False)])
def test_parts_of_a_bucket_in_which_the_shift_changes_are_marked(database: Database, minute, marked) -> None:
    edge = SHIFT + 4 * HOUR + minute * MINUTE
    with database.write() as tx:
        k.plant(tx)
        tx.execute(delete(t.shifts))
        shift(tx, "A", SHIFT, edge)
        shift(tx, "B", edge, SHIFT + 8 * HOUR)
        over = edge // (5 * MINUTE) * (5 * MINUTE)
        worked(tx, UNIT, [(SHIFT, RUN)], {over - 5 * MINUTE: 7.0, over: 20.0, over + 5 * MINUTE: 9.0})
        recompute(tx, k.LINE, SHIFT, NOW)
        c, f_ = t.kpi_cells.c, t.kpi_flags.c
        good = dict(
            tx.execute(select(c.shift, c.good).where(c.equipment_id == UNIT, c.order_id == "W1")).all()
        )
        found = tx.execute(select(f_.from_us, f_.at_us, f_.words).where(f_.code == "edge_in_a_bucket")).all()
    assert (good["A"], good["B"]) == ((27.0, 9.0) if marked else (7.0, 29.0))
    words = "20 parts came in the five minutes in which the shift changed (04:03 UTC): all count before"
    text = f"{words} the change, some may belong behind it."
    assert [tuple(row) for row in found] == [(SHIFT, over, text)] * marked


def test_what_was_reported_stays_when_another_machine_sets_the_pace(database: Database) -> None:
    with database.write() as tx:
        k.plant(tx)
        for unit, good in zip(k.UNITS, (360.0, 300.0, 240.0), strict=False):
            worked(tx, unit, [(SHIFT - 1, RUN)], {SHIFT: good})
        sue = f.account(tx, "sam", (Role.SUPERVISOR,), ("north",))
        clocks.write(tx, "north", Clock(NOW, wall_us(), 1e-12))
    Keeper(database).turn()
    FigureCommands(database).close_shift(sue, k.LINE, SHIFT)
    Keeper(database).turn()

    def read():
        with database.read() as tx:
            return sheet(tx, k.LINE, SHIFT, SHIFT + HOUR)[0]

    before = read()
    with database.write() as tx:
        e = t.equipment.c
        tx.execute(update(t.equipment).where(e.parent_id == k.LINE).values(constraint_unit=False))
        tx.execute(update(t.equipment).where(e.equipment_id == k.UNITS[0]).values(constraint_unit=True))
    after = read()
    assert before.reported.measures.good == before.now.measures.good == 300
    assert (after.reported.measures, after.now.measures.good) == (before.reported.measures, 360)
    assert {one.name: (one.reported, one.now) for one in after.changed}["good"] == (300, 360)
    assert after.why == ("the line is measured at CNC-11 now, then at CNC-12",)


@pytest.mark.parametrize(("scope", "aimed"), [(k.LINE, k.LINE), ("north", k.LINE), (UNIT, UNIT)])
def test_the_trend_shows_each_day_with_the_target_that_it_had(database: Database, scope, aimed) -> None:
    midnight = at_minute(local_day(SHIFT, SITE.time_zone), 0, SITE.time_zone)
    with database.write() as tx:
        k.plant(tx)
        shift(tx, "Next", SHIFT + DAY, SHIFT + DAY + 8 * HOUR)
        worked(tx, UNIT, [(SHIFT, RUN)], {SHIFT: 60.0})
        row = {"equipment_id": UNIT, "bucket_us": SHIFT + DAY, "good": 60.0, "scrap": 0.0, "energy_kwh": 0.0}
        tx.execute(t.counts.insert().values(**row))
        for since_us, value in ((0, 0.5), (midnight + DAY, 0.9)):
            row = {"scope": aimed, "kpi": "oee", "valid_from_us": since_us, "value": value, "set_by": "x",
                   "set_wall_us": 0}  # fmt: skip
            tx.execute(t.targets.insert().values(**row))
        recompute(tx, k.LINE, SHIFT, SHIFT + 2 * DAY)
    asked = queries(database)
    view = asked.view(Ask(scope, midnight, midnight + 2 * DAY))
    assert [row.target for row in view.days] == [0.5, 0.9] and view.whole.target == 0.9
    year = asked.view(Ask(scope, midnight - 300 * DAY, midnight + DAY))  # month by month, up to that day
    assert [row.target for row in year.days] == [0.5]


def test_a_target_is_drawn_from_the_day_on_which_it_changes() -> None:
    m = Measures(production_us=8 * HOUR, good=480.0, ideal_s=20_000.0, ideal_good_s=20_000.0)
    days = [
        reading.row(str(n), "", "day", m, MinorModel.AVAILABILITY, goal, n * DAY)
        for n, goal in enumerate((None, 0.5, 0.5, 0.9, 0.9))
    ]
    drawn = b64decode(trend_svg(days, "UTC").split("base64,")[1].split('"')[0]).decode()
    lines = re.findall(r'<line x1="([0-9.]+)" x2="([0-9.]+)" [^>]*stroke-dasharray', drawn)
    assert [tuple(map(float, line)) for line in lines] == [(167.0, 421.0), (421.0, 560.0)]
    assert re.findall(r"target (\d+) %", drawn) == ["50", "90"]
