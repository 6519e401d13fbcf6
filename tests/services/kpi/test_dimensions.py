"""Figures for any machine, line, area, site, product, order and shift: each is read, and each is shown."""

import csv
import io
import random
from collections import defaultdict

import pytest
from sqlalchemy import select

from auth.permissions import Role
from components import kpi as drawn
from components.kpi_orders import orders_panel
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, Clock, wall_us
from domain.kpi import Measures, behind, oee_of, total
from domain.measures import NAMES
from services import clocks
from services.context import Context
from services.kpi.keeping import Keeper
from services.queries.kpi import KpiQueries
from services.rows.kpi import Ask, KpiRow
from services.rows.site import SiteRow
from tests import factories as f
from tests.services.kpi import facts as k

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
SPAN = (k.START - 24 * HOUR, k.START + 72 * HOUR)


@pytest.fixture
def queries(database: Database) -> KpiQueries:
    """A plant of two areas; the machines of the first work on orders of two products in two shifts."""
    with database.write() as tx:
        k.plant(tx)
        f.machine(tx, "north/assembly/line-3/press-1")
        clocks.write(tx, "north", Clock(k.END, wall_us(), 1e-12))
        for fact in k.random_facts(random.Random(7)):
            if fact.table is not t.operations:
                k.store(tx, fact)
        for n in range(6):
            begin = k.START + 5 * n * HOUR
            for unit in k.UNITS:
                row = {"instance": "mes", "operation_id": f"{unit}-{n}", "order_id": f"W{n}",
                       "equipment_id": unit, "product_id": f"P-{n % 2 + 1}", "start_us": begin,
                       "end_us": begin + 5 * HOUR, "setup_end_us": begin, "updated_us": 0}  # fmt: skip
                tx.execute(t.operations.insert().values(**row))
            order = {"instance": "mes", "order_id": f"W{n}", "product_id": f"P-{n % 2 + 1}",
                     "line_id": k.LINE, "quantity": 100.0, "start_us": begin, "end_us": begin + 5 * HOUR,
                     "planned_start_us": begin, "planned_end_us": begin + 5 * HOUR,
                     "due_us": begin + 9 * HOUR, "status": "Completed", "updated_us": 0}  # fmt: skip
            known = {column.name for column in t.orders.c}
            tx.execute(t.orders.insert().values(**{n: v for n, v in order.items() if n in known}))
        who = f.account(tx, "mia", [Role.PLANT_MANAGER], ["north"])
    Keeper(database).turn()
    return KpiQueries(Context(database, who, SITE, Clock(k.END, wall_us(), 1e-12)))


def shown(rows: tuple[KpiRow, ...]) -> str:
    return drawn.parts_panel("", rows, {})


def test_site_areas_lines_and_machines_lead_down_to_each_other(queries) -> None:
    site = queries.view(Ask("north", *SPAN))
    assert [row.key for row in site.areas] == ["north/assembly", "north/machining"]
    assert all(f"id={key.replace('/', '%2F')}" in shown(site.areas) or key in shown(site.areas)
               for key in ("north/assembly", "north/machining"))  # fmt: skip
    area, line = (queries.view(Ask(scope, *SPAN)) for scope in ("north/machining", k.LINE))
    assert line.whole.figures.oee == pytest.approx(area.whole.figures.oee)
    assert site.areas[1].figures == area.whole.figures
    assert area.areas == () and [row.key for row in area.parts] == [k.LINE]
    assert [row.key for row in line.parts] == list(k.UNITS)
    machine = queries.view(Ask(k.UNITS[0], *SPAN))
    assert machine.whole.figures == line.parts[0].figures


def test_scrap_is_held_against_what_the_quality_target_allows(queries) -> None:
    assert "no quality target is set here" in drawn.figures_panel(queries.view(Ask(k.LINE, *SPAN)))
    with queries._context.database.write() as tx:
        goal = {"scope": "north", "kpi": "quality", "valid_from_us": 0, "value": 0.98, "set_by": "mia",
                "set_wall_us": 0}  # fmt: skip
        tx.execute(t.targets.insert().values(**goal))
    view = queries.view(Ask(k.LINE, *SPAN))
    assert view.quality_targets[k.LINE] == 0.98
    wanted = 100 * view.whole.figures.scrap_ratio / 0.02
    html = drawn.figures_panel(view)
    assert f"{wanted:.1f} %" in html and "2.0 % that the quality target allows" in html
    first = next(csv.DictReader(io.StringIO(drawn.figures_csv(view).decode("utf-8-sig"))))
    assert float(first["scrap against plan"]) == pytest.approx(wanted / 100)
    mttf = view.whole.figures.mttf_s
    assert first["mttf h"] == "" if mttf is None else float(first["mttf h"]) == pytest.approx(mttf / 3600)


def test_every_part_of_the_plant_has_its_own_scrap_against_plan(queries) -> None:
    """2 % are allowed at the plant, 10 % at one of the machines."""
    with queries._context.database.write() as tx:
        for scope, value in (("north", 0.98), (k.UNITS[0], 0.9)):
            goal = {"scope": scope, "kpi": "quality", "valid_from_us": 0, "value": value, "set_by": "mia",
                    "set_wall_us": 0}  # fmt: skip
            tx.execute(t.targets.insert().values(**goal))
    line, site = (queries.view(Ask(scope, *SPAN)) for scope in (k.LINE, "north"))
    allowed = {k.LINE: 0.02, k.UNITS[0]: 0.1, k.UNITS[1]: 0.02, k.UNITS[2]: 0.02, "north/machining": 0.02}
    checked = 0
    for view in (line, site):
        told = csv.DictReader(io.StringIO(drawn.figures_csv(view).decode("utf-8-sig")))
        for row, said in zip((view.whole, *view.areas, *view.parts), told, strict=False):
            ratio = row.figures.scrap_ratio
            if ratio is None or row.key not in allowed:
                assert ratio is not None or said["scrap against plan"] == ""
                continue
            assert float(said["scrap against plan"]) == pytest.approx(ratio / allowed[row.key])
            assert float(said["quality target"]) == pytest.approx(1 - allowed[row.key])
            checked += 1
    assert checked >= 6


def test_a_target_that_allows_no_scrap_is_said(queries) -> None:
    with queries._context.database.write() as tx:
        goal = {"scope": "north", "kpi": "quality", "valid_from_us": 0, "value": 1.0, "set_by": "mia",
                "set_wall_us": 0}  # fmt: skip
        tx.execute(t.targets.insert().values(**goal))
    assert "allows no scrap" in drawn.figures_panel(queries.view(Ask(k.LINE, *SPAN)))


def test_an_order_is_busy_at_the_machine_that_sets_the_pace(queries) -> None:
    orders = queries.orders(Ask(k.LINE, *SPAN))
    shares = [o.figures.allocation_ratio for o in orders if o.figures.allocation_ratio is not None]
    assert shares and all(0 <= share <= 1 for share in shares)
    assert all(o.figures.process_ratio <= o.figures.allocation_ratio for o in orders)


def test_an_order_that_was_never_begun_counts_against_adherence_and_lead_time_begins_at_release(
    database, queries
) -> None:
    assert all(o.figures.lead_us is None for o in queries.orders(Ask(k.LINE, *SPAN)))  # nobody said when
    base = {"instance": "mes", "line_id": k.LINE, "product_id": "P-1", "quantity": 9.0, "due_us": k.END,
            "updated_us": 0, "status": "Released", "planned_start_us": k.START, "end_us": None,
            "start_us": None}  # fmt: skip
    never = base | {"order_id": "never", "planned_end_us": k.START + 9 * HOUR, "released_us": None}
    gone = base | {"order_id": "gone", "planned_end_us": k.START + 9 * HOUR, "released_us": None,
                   "status": "Aborted"}  # fmt: skip
    early = base | {"order_id": "early", "planned_end_us": k.START + 12 * HOUR, "end_us": k.START + 4 * HOUR,
                    "start_us": k.START + 3 * HOUR, "released_us": k.START + HOUR}  # fmt: skip
    before = queries.kept(Ask(k.LINE, *SPAN))
    with database.write() as tx:
        for row in (never, gone, early):
            tx.execute(t.orders.insert().values(**row))
    kept = queries.kept(Ask(k.LINE, *SPAN))
    assert (kept.due, kept.kept) == (before.due + 2, before.kept + 1)
    (found,) = [o for o in queries.orders(Ask(k.LINE, *SPAN)) if o.order_id == "early"]
    assert (found.figures.lead_us, found.figures.execution_us) == (3 * HOUR, HOUR)


def test_products_and_shifts_have_figures_of_their_own(queries) -> None:
    line = queries.view(Ask(k.LINE, *SPAN))
    assert {row.key for row in line.products} == {"P-1", "P-2"}
    assert {"Early", "Late"} <= {row.key for row in line.shifts}
    for row in (*line.products, *(s for s in line.shifts if s.key)):
        assert row.figures.oee is not None and f"{100 * row.figures.oee:.1f} %" in shown((row,))
    one = queries.view(Ask(k.LINE, *SPAN, product="P-1"))
    other = next(row for row in line.products if row.key == "P-1")
    assert one.whole.figures.oee == pytest.approx(other.figures.oee)
    early = queries.view(Ask(k.LINE, *SPAN, shift="Early")).whole.figures.oee
    assert early == pytest.approx(next(r for r in line.shifts if r.key == "Early").figures.oee)


def test_orders_have_the_oee_of_the_constraint_that_worked_on_them(queries) -> None:
    orders = queries.orders(Ask(k.LINE, *SPAN))
    assert [row.order_id for row in orders] == [f"W{n}" for n in range(5, -1, -1)]
    line = queries.view(Ask(k.LINE, *SPAN)).whole.measures
    assert sum(row.good for row in orders) > 0 and line.good > 0
    between_shifts = [row for row in orders if row.oee is None]
    assert [row.order_id for row in between_shifts] == ["W4"]  # no standstill of it counts
    for row in orders:
        if row in between_shifts:
            continue
        assert row.oee is not None and f"{100 * row.oee:.1f} %" in orders_panel(
            orders, queries.kept(Ask(k.LINE, *SPAN))
        )


def test_orders_are_judged_as_by_all_sums_of_their_cells(queries, database: Database) -> None:
    c, cells = t.kpi_cells.c, defaultdict(list)
    with database.read() as tx:
        for row in tx.execute(select(c.order_id, c.equipment_id, *(c[name] for name in NAMES))):
            cells[row[0], row[1]].append(Measures(*row[2:]))
    made = {place: total(found) for place, found in cells.items()}
    for row in queries.orders(Ask(k.LINE, *SPAN)):
        of = [made[row.order_id, unit] for unit in k.UNITS]
        at_pace = behind(of[1], of[2].scrap)
        assert row.oee == pytest.approx(oee_of(at_pace)) and row.good == of[-1].good
        assert row.scrap == sum(m.scrap for m in of) > 0
        assert row.figures.allocation_ratio == pytest.approx(at_pace.aubt_us / (5 * HOUR))
        assert row.twice == sum(max(0.0, m.inspected - m.produced) for m in of if not m.uncounted_us)


def test_a_long_stretch_is_shown_by_month_with_the_same_sums(queries) -> None:
    short, long = (
        queries.view(Ask("north", k.END - days * 24 * HOUR, k.END + 24 * HOUR)) for days in (30, 300)
    )
    assert {row.level for row in short.days} == {"day"} and {row.level for row in long.days} == {"month"}
    assert "OEE by month" in drawn.trend_panel(long, SITE)
    for name in ("production_us", "down_us", "setup_us", "delay_us", "good", "ideal_good_s"):
        sums = [sum(getattr(row.measures, name) for row in view.days) for view in (short, long)]
        assert sums[0] > 0 and sums == pytest.approx([getattr(short.whole.measures, name)] * 2)
