"""Figures and shifts on the screen."""

import random

import pytest
from sqlalchemy import select

from auth.permissions import Role
from components.shifts import shifts_csv
from data.store import tables as t
from domain.clock import HOUR, MINUTE, Clock, wall_us
from services import clocks
from services.commands.figures import FigureCommands
from services.ingest import corrections
from services.kpi.keeping import Keeper
from tests import factories as f
from tests.kits.shifts import shown
from tests.pages.conftest import html_of
from tests.services.kpi import facts as k

KPI, SHIFTS = "pages.floor.kpi:render", "pages.floor.shifts:render"


@pytest.fixture
def plant(screens):
    """The same line with facts, its calendar and figures."""
    with screens.database.write() as tx:
        for table in (t.sites, t.clocks, t.equipment):
            tx.execute(table.delete())
        k.plant(tx)
        clocks.write(tx, "north", Clock(f.NOW, wall_us(), 1e-6))
        for fact in k.random_facts(random.Random(4)):
            k.store(tx, fact)
    Keeper(screens.database).turn()
    return screens


def test_a_plant_without_figures_says_so(screens):
    html = html_of(screens.open(KPI))
    assert "no figures in this stretch" in html


def test_the_line_shows_oee_losses_and_oddities(plant):
    html = html_of(plant.open(KPI, id=k.LINE))
    for words in (
        "no OEE",
        "no planned cycle time",
        "Where the time went",
        "Losses, longest first",
        "Six big losses",
        "Check these",
    ):
        assert words in html
    assert "All figures" in html and "MTBF" in html
    assert "/kpi?id=north%2Fmachining%2Fline-1%2Fcnc-11" in html


def test_filters_live_in_the_address(plant):
    test = plant.open(KPI, id=k.LINE, span="30", shift="Early")
    assert dict(test.query_params)["shift"] in ("Early", ["Early"])
    assert "span=30" in html_of(test)


def test_booked_scrap_stands_beside_what_was_counted(plant):
    assert "The MES booked no scrap" in html_of(plant.open(KPI, id=k.LINE))
    o = t.operations.c
    with plant.database.write() as tx:
        mine = (o.equipment_id == k.UNITS[1]) & (o.order_id == "W0")
        tx.execute(t.operations.update().where(mine).values(scrap=5_000.0, good=1.0))
    test = plant.open(KPI, id=k.LINE)
    html = html_of(test)
    assert "1 of 1 operations differ" in html and "W0" in html
    assert "Booked scrap as CSV" in [button.label for button in test.get("download_button")]
    beside = html_of(plant.open(KPI, id=k.UNITS[0]))
    assert "The MES booked no scrap" in beside


def test_what_lies_outside_the_own_area_is_not_shown(plant, somebody):
    tom = somebody("tom", [Role.OPERATOR], ["north/forming"])
    test = plant.open(KPI, tom, id=k.LINE)
    assert "within your area" in test.info[0].value
    assert "OEE" not in html_of(test)


def test_a_supervisor_closes_a_shift_and_an_operator_cannot(plant, somebody):
    test = plant.open(SHIFTS)
    assert "ended shifts are not closed" in html_of(test)
    next(b for b in test.button if b.label == "Close shift").click().run()
    assert "is closed" in test.success[0].value
    assert "closed by Supervisor North" in html_of(test)
    tom = somebody("tom", [Role.OPERATOR])
    assert not plant.open(SHIFTS, tom).button


def test_the_shifts_come_in_pages_that_the_address_remembers(plant):
    c = t.kpi_cells.c
    with plant.database.write() as tx:
        row = dict(tx.execute(select(t.kpi_cells).where(c.shift != "").limit(1)).mappings().one())
        begins = [row["from_us"] - n * MINUTE + 7 for n in range(1, 121)]
        more = [row | {"from_us": at, "to_us": at + MINUTE, "shift": "Drill"} for at in begins]
        tx.execute(t.kpi_cells.insert(), more)
        reach = t.kpi_progress.c.equipment_id == row["equipment_id"]
        tx.execute(t.kpi_progress.update().where(reach).values(from_us=0))
    test = plant.open(SHIFTS, span="30")
    count = len(plant.desk_of(plant.supervisor, _site()).queries.kpi.begun([k.LINE], min(begins), k.END))
    assert test.caption[0].value == f"1 to 50 of {count:,}" and html_of(test).count("Drill,") < 50
    test = plant.open(SHIFTS, page="2", span="30")
    assert test.caption[0].value == f"51 to 100 of {count:,}" and html_of(test).count("Drill,") >= 50
    next(b for b in test.button if b.label == "Newer").click().run()
    assert "page" not in test.query_params and test.caption[0].value.startswith("1 to 50")


def test_the_shifts_to_close_and_the_closed_ones_can_be_chosen(plant):
    kpi = plant.desk_of(plant.supervisor, _site()).queries.kpi
    ended = [one for one in kpi.begun([k.LINE], k.START, k.END) if one.to_us <= f.NOW]
    FigureCommands(plant.database).close_shift(plant.supervisor, k.LINE, ended[0].from_us)
    assert html_of(plant.open(SHIFTS, which="closed")).count("closed by Supervisor North") == 1
    left = html_of(plant.open(SHIFTS, which="open"))
    assert "closed by" not in left and f"{len(ended) - 1} ended shifts are not closed" in left


def test_reopening_without_a_reason_is_refused(plant):
    rows = shown(plant.desk_of(plant.supervisor, _site()).queries.kpi, [k.LINE], k.START, k.END)
    for row in rows:
        FigureCommands(plant.database).close_shift(plant.supervisor, k.LINE, row.from_us)
    Keeper(plant.database).turn()
    test = plant.open(SHIFTS)
    next(b for b in test.button if b.label == "Reopen").click().run()
    assert test.warning[0].value == "Please write a few words."


def test_corrected_records_and_every_close_are_shown(plant):
    desk = plant.desk_of(plant.supervisor, _site())
    row = next(r for r in shown(desk.queries.kpi, [k.LINE], k.START, k.END) if r.to_us <= k.END)
    commands = FigureCommands(plant.database)
    commands.close_shift(plant.supervisor, k.LINE, row.from_us, "as <counted>")
    check = {
        "instance": "mes-1", "result_id": "Q<7>", "equipment_id": k.UNITS[1], "order_id": None,
        "at_us": row.from_us + HOUR, "good": 5.0, "scrap": 1.0, "rework": 0.0, "updated_us": 1,
    }  # fmt: skip
    with plant.database.write() as tx:
        keys = ["instance", "result_id"]
        entity, later = "quality_results", check | {"scrap": 3.0}
        corrections.keep(tx, "mes-1", entity, keys, [], [check], wall_us())
        corrections.keep(tx, "mes-1", entity, keys, [check], [later], wall_us())
    html = html_of(plant.open(SHIFTS))
    for words in ("Records corrected since the close", "Inspection Q&lt;7&gt;", "new record", "mes-1"):
        assert words in html
    assert "As reported, every close" in html and "as &lt;counted&gt;" in html
    csv = shifts_csv(shown(desk.queries.kpi, [k.LINE], k.START, k.END), _site()).decode("utf-8-sig")
    assert "Inspection Q<7>: scrap 1 -> 3" in csv


def _site():
    from tests.pages.conftest import SITE

    return SITE
