"""Parts inspected again after rework, from a table of a MES through a mapping file into first pass yield."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text

from data.sources import mapping
from data.sources.mes import ForeignDatabase
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import insert_ignore
from domain.clock import HOUR, SECOND
from services.ingest.mes import MesIntake
from services.rows.kpi import Ask
from tests.services.kpi import facts as k
from tests.services.kpi.test_by_hand import NOW, RUN, SHIFT, counts, of_order, order, queries_of, state

UNIT = k.UNITS[1]
MAPPING = """
times: seconds
entities:
  quality_results:
    table: checks
    key: id
    updated: changed
    columns:
      result_id: id
      equipment_id: {column: machine, is: equipment}
      order_id: job
      at_us: {column: checked, is: time}
      good: {column: passed, is: number}
      scrap: {column: failed, is: number}
      rework: {column: reworked, is: number}
      reinspection: {column: again, is: flag}
"""
CHECKS = (  # id, hours into the shift, passed, failed, reworked, again
    ("C1", 1, 90, 0, 10, "N"),
    ("C2", 3, 9, 1, 0, "Y"),
    ("C3", 3, 20, 0, 0, None),  # this MES does not say: a first inspection
)


@pytest.fixture(params=["database", pytest.param("postgres", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest) -> Database:
    """SQLite and PostgreSQL."""
    found: Database = request.getfixturevalue(request.param)
    return found


def checks(folder: Path) -> ForeignDatabase:
    """The table of checks as that MES has it, and the mapping file that reads it."""
    engine = create_engine(f"sqlite:///{folder / 'mes.db'}")
    with engine.begin() as tx:
        tx.execute(
            text(
                "CREATE TABLE checks (id TEXT PRIMARY KEY, machine TEXT, job TEXT, checked INTEGER,"
                " passed REAL, failed REAL, reworked REAL, again CHAR(1), changed INTEGER)"
            )
        )
        for number, hours, passed, failed, reworked, again in CHECKS:
            at = (SHIFT + hours * HOUR) // SECOND
            values = {"id": number, "at": at, "p": passed, "f": failed, "r": reworked, "again": again}
            tx.execute(
                text("INSERT INTO checks VALUES (:id, 'M2', 'W1', :at, :p, :f, :r, :again, :at)"), values
            )
    engine.dispose()
    file = folder / "checks.yaml"
    file.write_text(MAPPING, encoding="utf-8")
    return ForeignDatabase(f"sqlite:///{folder / 'mes.db'}", mapping.load(file))


def placed(store: Database) -> None:
    """A machine that made 120 parts of an order; M2 is its name in that MES."""
    with store.write() as tx:
        k.plant(tx)
        state(tx, UNIT, SHIFT, RUN)
        counts(tx, UNIT, 120, 0)
        order(tx, UNIT)
        tx.execute(t.orders.insert().values(**of_order()))
        alias = {"source": "mes:checks", "external_id": "M2", "equipment_id": UNIT}
        insert_ignore(tx, t.equipment_aliases, [alias])


def told(store: Database) -> dict[str, bool | None]:
    q = t.quality_results.c
    with store.read() as tx:
        return {row[0]: row[1] for row in tx.execute(select(q.result_id, q.reinspection))}


def test_a_mapping_tells_parts_inspected_again_from_the_first_inspection(
    store: Database, tmp_path: Path
) -> None:
    """Of 120 parts 90 and 20 pass at first and 10 are reworked; of these 9 pass later."""
    foreign = checks(tmp_path)
    foreign.check()
    placed(store)
    assert MesIntake(store).read("checks", foreign).stored == 3
    assert told(store) == {"C1": False, "C2": True, "C3": None}
    queries = queries_of(store)
    found = queries.view(Ask(UNIT, k.START - 24 * HOUR, NOW + 24 * HOUR)).whole.figures
    assert found.first_pass_yield == pytest.approx(110 / 120)
    assert found.rework_ratio == pytest.approx(10 / 120)
    assert [row.twice for row in queries.orders(Ask(k.LINE, k.START, NOW + 1))] == [0]
    foreign.close()


def test_a_word_that_is_no_flag_is_set_aside_until_it_is_mended(store: Database, tmp_path: Path) -> None:
    foreign = checks(tmp_path)
    placed(store)
    engine = create_engine(f"sqlite:///{tmp_path / 'mes.db'}")
    with engine.begin() as tx:
        tx.execute(text("UPDATE checks SET again = '?', changed = changed + 1 WHERE id = 'C2'"))
    intake = MesIntake(store)
    assert (intake.read("checks", foreign).refused, told(store)) == (1, {"C1": False, "C3": None})
    with engine.begin() as tx:
        tx.execute(text("UPDATE checks SET again = 'Y', changed = changed + 1 WHERE id = 'C2'"))
    intake.read("checks", foreign)
    assert told(store) == {"C1": False, "C2": True, "C3": None}
    engine.dispose()
    foreign.close()
