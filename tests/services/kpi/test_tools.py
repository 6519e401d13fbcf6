"""Effectiveness by tool and cavities, from the MES's tables to the screen; figures worked by hand."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text

from auth.permissions import Role
from components.planned_rates import rates_csv, rates_panel
from data.sources import mapping
from data.sources.mes import ForeignDatabase
from data.store import tables as t
from data.store.upsert import insert_ignore
from domain.clock import HOUR, MINUTE, Clock, wall_us
from services import clocks
from services.context import Context
from services.ingest.mes import MesIntake
from services.kpi.keeping import Keeper
from services.queries.kpi import KpiQueries
from services.rows.kpi import Ask
from services.rows.site import SiteRow
from tests import factories as f
from tests.services.kpi import facts as k

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
UNIT, SHIFT, NOW = k.UNITS[1], k.START + 2 * HOUR, k.START + 11 * HOUR
FILE = """
times: microseconds
entities:
  product_rates:
    table: cycles
    key: id
    updated: changed
    columns:
      product_id: article
      equipment_id: {column: machine, is: equipment}
      tool: tool
      planned_cycle_s: {column: shot_s, is: number}
      cavities: {column: cavities, is: whole}
      basis: basis
      valid_from_us: {column: since, is: time}
  operations:
    table: works
    key: id
    updated: changed
    columns:
      operation_id: id
      order_id: order_no
      equipment_id: {column: machine, is: equipment}
      product_id: article
      tool: tool
      start_us: {column: begun, is: time}
      end_us: {column: ended, is: time}
      setup_end_us: {column: begun, is: time}
"""


def foreign(tmp_path: Path) -> ForeignDatabase:
    """A cycle of 160 s with 4 cavities (40 s a part) and of 160 s with 8 (20 s); 100 s with any tool."""
    url = f"sqlite:///{tmp_path / 'mes.db'}"
    half = SHIFT + 4 * HOUR
    with create_engine(url).begin() as tx:
        columns = "id, article, machine, tool, shot_s, cavities, basis, since, changed"
        tx.execute(text(f"CREATE TABLE cycles ({columns})"))
        tx.execute(text("CREATE TABLE works (id, order_no, article, machine, tool, begun, ended, changed)"))
        for row in (
            "(1, 'P-1', 'M1', 'T-4', 160, 4, 'planned', 0, 1)",
            "(2, 'P-1', 'M1', 'T-8', 160, 8, 'best demonstrated', 0, 2)",
            "(3, 'P-1', 'M1', NULL, 100, NULL, 'planned', 0, 3)",
        ):
            tx.execute(text(f"INSERT INTO cycles VALUES {row}"))
        tx.execute(text(f"INSERT INTO works VALUES ('1', 'A', 'P-1', 'M1', 'T-4', {SHIFT}, {half}, 1)"))
        tx.execute(
            text(f"INSERT INTO works VALUES ('2', 'B', 'P-1', 'M1', 'T-8', {half}, {SHIFT + 8 * HOUR}, 2)")
        )
    path = tmp_path / "map.yaml"
    path.write_text(FILE)
    return ForeignDatabase(url, mapping.load(path))


@pytest.fixture
def plant(database, tmp_path):
    """A machine that runs for 8 h and makes 60 parts an hour, half of the time with each tool."""
    with database.write() as tx:
        k.plant(tx)
        tx.execute(t.product_rates.delete())
        clocks.write(tx, "north", Clock(NOW, wall_us(), 1e-12))
        alias = {"source": "mes:m", "external_id": "M1", "equipment_id": UNIT}
        insert_ignore(tx, t.equipment_aliases, [alias])
        for at, state in ((SHIFT, 6), (SHIFT + 8 * HOUR, 11)):
            row = {"equipment_id": UNIT, "source_us": at, "state": state, "mode": 1, "receive_us": at}
            tx.execute(t.states.insert().values(**row))
        for bucket in range(SHIFT, SHIFT + 8 * HOUR, 5 * MINUTE):
            row = {"equipment_id": UNIT, "bucket_us": bucket, "good": 5.0, "scrap": 0.0, "energy_kwh": 0.0}
            tx.execute(t.counts.insert().values(**row))
    assert MesIntake(database).read("m", foreign(tmp_path)).trouble == ""
    return database


def test_effectiveness_by_tool_and_cavities(plant) -> None:
    """240 parts at 40 s and 240 at 20 s are 14,400 s of planned run time; 8 h are 28,800 s."""
    with plant.read() as tx:
        r = t.product_rates.c
        rows = tx.execute(select(r.tool, r.planned_cycle_s, r.cavities).order_by(r.tool)).all()
    assert [tuple(row) for row in rows] == [("", 100.0, 1), ("T-4", 160.0, 4), ("T-8", 160.0, 8)]
    Keeper(plant).turn()
    with plant.write() as tx:
        who = f.account(tx, "sue", [Role.SUPERVISOR], ["north"])
    queries = KpiQueries(Context(plant, who, SITE, Clock(NOW, wall_us(), 1e-12)))
    for scope in (UNIT, k.LINE):
        view = queries.view(Ask(scope, k.START - 24 * HOUR, k.START + 48 * HOUR))
        assert view.whole.measures.ideal_s == pytest.approx(14_400)
        assert view.whole.figures.effectiveness == pytest.approx(0.5)
        assert [(r.tool, r.per_part_s, r.cavities, r.basis) for r in view.rates] == [
            ("T-4", 40.0, 4, "planned"),
            ("T-8", 20.0, 8, "best demonstrated"),
        ]
        html = rates_panel(view, SITE)
        assert "a cycle of 160.0 s with 4 cavities" in html and "best demonstrated" in html
        assert rates_csv(view, SITE).decode("utf-8-sig").splitlines()[1].startswith("CNC")


def test_a_tool_that_the_mes_states_no_cycle_for_has_no_rate(plant) -> None:
    with plant.write() as tx:
        tx.execute(t.product_rates.delete().where(t.product_rates.c.tool == ""))
        tx.execute(t.operations.update().values(tool="T-9"))
    Keeper(plant).turn()
    with plant.write() as tx:
        who = f.account(tx, "sue", [Role.SUPERVISOR], ["north"])
    queries = KpiQueries(Context(plant, who, SITE, Clock(NOW, wall_us(), 1e-12)))
    view = queries.view(Ask(UNIT, k.START - 24 * HOUR, k.START + 48 * HOUR))
    assert view.whole.figures.oee is None and view.whole.figures.effectiveness is None
    assert "no rate" in rates_panel(view, SITE)
    assert "no_rate" in {flag.code for flag in view.flags}
