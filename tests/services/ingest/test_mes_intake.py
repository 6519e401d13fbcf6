"""MES rows become ours; what cannot be read is said in `watermarks`, and reading resumes."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Table, create_engine, select, text

from data.sources import mapping
from data.sources.mes import ForeignDatabase
from data.store import late_charts
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import insert_ignore
from services.ingest import corrections
from services.ingest.mes import MesIntake
from simulator.mes import schema
from tests.services.ingest.conftest import UNIT, chart

LINE = "north/machining/line-1"


@pytest.fixture
def mes(tmp_path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{tmp_path / 'mes.db'}")
    schema.metadata.create_all(engine)
    with engine.begin() as tx:
        tx.execute(schema.products.insert(), [{"product_no": "P1", "name": "Flange", "updated_at": 10}])
        order = {
            "order_no": "O1", "line": "L1", "product_no": "P1", "quantity": 100.0, "planned_start": 1,
            "planned_end": 2, "released_at": 1, "due": 3, "status": "Released", "good": 0.0, "scrap": 0.0,
            "updated_at": 11,
        }  # fmt: skip
        tx.execute(schema.work_orders.insert(), [order])
        stop = {
            "downtime_no": "D1", "machine_id": "M-L1-011", "started_at": 5, "ended_at": None, "reason": "",
            "remark": "", "planned": False, "fixed_at": 5, "updated_at": 12,
        }  # fmt: skip
        tx.execute(schema.downtime.insert(), [stop])
    return engine


def foreign(engine: Engine) -> ForeignDatabase:
    return ForeignDatabase(str(engine.url), mapping.load(mapping.FOLDER / "virtual_mes.yaml"))


def name(database: Database, *names: tuple[str, str]) -> None:
    rows = [
        {"source": "mes:line-1", "external_id": external, "equipment_id": equipment_id}
        for external, equipment_id in names
    ]
    with database.write() as tx:
        insert_ignore(tx, t.equipment_aliases, rows)


def rows(database: Database, table: Table) -> list[Any]:
    with database.read() as tx:
        return list(tx.execute(select(table)))


def states(database: Database) -> dict[str, str]:
    return {row.entity: row.state for row in rows(database, t.watermarks)}


def test_rows_are_read_under_our_names(store: Database, mes: Engine) -> None:
    name(store, ("M-L1-011", UNIT), ("L1", LINE))
    intake, source = MesIntake(store), foreign(mes)
    assert intake.read("line-1", source).stored == 3
    assert [(row.instance, row.order_id, row.line_id) for row in rows(store, t.orders)] == [
        ("line-1", "O1", LINE)
    ]
    assert [(row.equipment_id, row.planned, row.end_us) for row in rows(store, t.downtimes)] == [
        (UNIT, False, None)
    ]
    assert set(states(store).values()) == {"ok"}
    assert intake.read("line-1", source).stored == 0
    with mes.begin() as tx:
        tx.execute(text("UPDATE downtime SET ended_at = 9, reason = 'jam', updated_at = 13"))
    assert intake.read("line-1", source).stored == 1
    assert [(row.end_us, row.reason) for row in rows(store, t.downtimes)] == [(9, "jam")]


def test_what_an_operation_was_booked_with_is_read(store: Database, mes: Engine) -> None:
    name(store, ("M-L1-011", UNIT), ("L1", LINE))
    booked = {
        "operation_no": "O1-010", "order_no": "O1", "machine_id": "M-L1-011", "product_no": "P1",
        "started_at": 5, "setup_ended_at": None, "ended_at": None, "good": 7.0, "scrap": 2.0,
        "updated_at": 12,
    }  # fmt: skip
    with mes.begin() as tx:
        tx.execute(schema.operations.insert(), [booked])
    intake, source = MesIntake(store), foreign(mes)
    intake.read("line-1", source)
    assert [(row.good, row.scrap) for row in rows(store, t.operations)] == [(7.0, 2.0)]
    with mes.begin() as tx:
        tx.execute(text("UPDATE operations SET good = 9, scrap = 3, ended_at = 8, updated_at = 13"))
    intake.read("line-1", source)
    assert [(row.good, row.scrap, row.end_us) for row in rows(store, t.operations)] == [(9.0, 3.0, 8)]


def test_rows_of_unplaced_machines_come_once_they_are_placed(store: Database, mes: Engine) -> None:
    name(store, ("L1", LINE))
    result = MesIntake(store).read("line-1", foreign(mes))
    assert (result.stored, result.refused) == (2, 1)
    assert states(store)["downtimes"] == "not placed yet: M-L1-011"
    MesIntake(store).read("line-1", foreign(mes))
    assert states(store)["downtimes"] == "not placed yet: M-L1-011"
    name(store, ("M-L1-011", UNIT))
    assert MesIntake(store).read("line-1", foreign(mes)).trouble == ""
    assert len(rows(store, t.downtimes)) == 1
    assert states(store)["downtimes"] == "ok"


@pytest.mark.parametrize("restarted", [False, True])
def test_a_machine_with_a_comma_among_many_comes_once_it_is_placed(
    store: Database, mes: Engine, restarted: bool
) -> None:
    name(store, ("L1", LINE))
    many = [f"M-{n:03}" for n in range(70)] + ["Saw, old"]
    with mes.begin() as tx:
        row = dict(tx.execute(select(schema.downtime)).mappings().one())
        more = [row | {"downtime_no": f"E{n}", "machine_id": machine} for n, machine in enumerate(many)]
        tx.execute(schema.downtime.insert(), more)
    intake, source = MesIntake(store), foreign(mes)
    intake.read("line-1", source)
    assert states(store)["downtimes"].endswith(" and 22 more")
    name(store, ("Saw, old", UNIT))
    intake = MesIntake(store) if restarted else intake
    intake.read("line-1", source)
    assert [row.equipment_id for row in rows(store, t.downtimes)] == [UNIT]
    assert states(store)["downtimes"].endswith(" and 21 more")


def test_a_changed_schema_is_one_clear_state_and_the_rest_is_read(store: Database, mes: Engine) -> None:
    name(store, ("M-L1-011", UNIT), ("L1", LINE))
    with mes.begin() as tx:
        tx.execute(text("ALTER TABLE work_orders RENAME COLUMN due TO deadline"))
    intake, source = MesIntake(store), foreign(mes)
    result = intake.read("line-1", source)
    assert result.stored == 2
    assert "orders: the table is not as the mapping says" in result.trouble
    assert "due" in states(store)["orders"]
    with mes.begin() as tx:
        tx.execute(text("ALTER TABLE work_orders RENAME COLUMN deadline TO due"))
    assert intake.read("line-1", source).trouble == ""
    assert len(rows(store, t.orders)) == 1
    assert states(store)["orders"] == "ok"


def test_a_row_that_cannot_be_read_is_quarantined(store: Database, mes: Engine) -> None:
    name(store, ("M-L1-011", UNIT), ("L1", LINE))
    with mes.begin() as tx:
        tx.execute(text("UPDATE work_orders SET quantity = 'many'"))
    MesIntake(store).read("line-1", foreign(mes))
    assert [(row.source, row.topic, row.reason) for row in rows(store, t.quarantine)] == [
        ("mes:line-1", "orders", "row")
    ]
    assert "quarantine" in states(store)["orders"]


def waiting(database: Database) -> list[tuple[str, str]]:
    return [(row.topic, row.record) for row in rows(database, t.quarantine)]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_row_that_was_mended_leaves_the_quarantine(store: Database, mes: Engine, restarted: bool) -> None:
    name(store, ("M-L1-011", UNIT), ("L1", LINE))
    with mes.begin() as tx:
        row = dict(tx.execute(select(schema.work_orders)).mappings().one())
        tx.execute(schema.work_orders.insert(), [row | {"order_no": "O2", "quantity": 5.0}])
        tx.execute(text("UPDATE work_orders SET quantity = 'many', updated_at = 12"))
    intake, source = MesIntake(store), foreign(mes)
    intake.read("line-1", source)
    assert sorted(waiting(store)) == [("orders", "O1"), ("orders", "O2")]
    if restarted:
        intake, source = MesIntake(store), foreign(mes)
    with mes.begin() as tx:
        tx.execute(text("UPDATE work_orders SET quantity = 'few', updated_at = 13 WHERE order_no = 'O1'"))
        tx.execute(text("UPDATE work_orders SET quantity = 7, updated_at = 14 WHERE order_no = 'O2'"))
    assert intake.read("line-1", source).refused == 1
    assert waiting(store) == [("orders", "O1")]  # once, as it is now
    with mes.begin() as tx:
        tx.execute(text("UPDATE work_orders SET quantity = 8, updated_at = 15 WHERE order_no = 'O1'"))
    intake.read("line-1", source)
    assert waiting(store) == []
    assert {row.order_id: row.quantity for row in rows(store, t.orders)} == {"O1": 8.0, "O2": 7.0}


def test_a_mended_mapping_has_all_rows_read_again(store: Database, mes: Engine) -> None:
    """Those set aside leave the quarantine however old they are, and those stored mean what it says now."""
    name(store, ("M-L1-011", UNIT), ("L1", LINE))
    found = mapping.load(mapping.FOLDER / "virtual_mes.yaml")
    orders = found.entities["orders"].model_dump(by_alias=True)
    status = {"column": "status", "values": {"Running": "Running"}}
    narrow = mapping.EntityMap.model_validate({**orders, "columns": {**orders["columns"], "status": status}})
    before = found.model_copy(update={"entities": {**found.entities, "orders": narrow}})
    with mes.begin() as tx:
        row = dict(tx.execute(select(schema.work_orders)).mappings().one())
        much_later = 10**12
        late = {"order_no": "O2", "status": "Running", "updated_at": much_later}
        tx.execute(schema.work_orders.insert(), [row | late])
    MesIntake(store).read("line-1", ForeignDatabase(str(mes.url), before))
    assert waiting(store) == [("orders", "O1")]
    assert [row.order_id for row in rows(store, t.orders)] == ["O2"]
    MesIntake(store).read("line-1", ForeignDatabase(str(mes.url), before))
    assert waiting(store) == [("orders", "O1")]
    intake, source = MesIntake(store), foreign(mes)
    assert intake.read("line-1", source).refused == 0
    assert waiting(store) == []
    assert sorted(row.order_id for row in rows(store, t.orders)) == ["O1", "O2"]
    assert intake.read("line-1", source).stored == 0


def test_a_database_that_is_away_is_said(store: Database, tmp_path: Path) -> None:
    found = mapping.load(mapping.FOLDER / "virtual_mes.yaml")
    result = MesIntake(store).read("line-1", ForeignDatabase(f"sqlite:///{tmp_path / 'none.db'}", found))
    assert "does not answer" in result.trouble


def test_a_writer_at_work_hides_no_row(database: Database, tmp_path: Path) -> None:
    """Rows committed while pages are read are all read in the end."""
    engine = create_engine(f"sqlite:///{tmp_path / 'busy.db'}")
    schema.metadata.create_all(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")

    def write() -> None:
        for number in range(60):
            with engine.begin() as tx:
                product = {"product_no": f"P{number:03d}", "name": "x", "updated_at": number // 3}
                tx.execute(schema.products.insert(), [product])

    writer, intake, source = threading.Thread(target=write), MesIntake(database), foreign(engine)
    writer.start()
    while writer.is_alive():
        intake.read("line-1", source)
    writer.join()
    intake.read("line-1", source)
    assert len(rows(database, t.products)) == 60


def changes(database: Database) -> list[tuple[Any, ...]]:
    return [
        (c.entity, c.record, c.field, c.old, c.new, c.from_us, c.instance, c.line_id)
        for c in rows(database, t.mes_changes)
    ]


def test_what_a_record_said_before_is_kept_field_by_field(store: Database, mes: Engine) -> None:
    name(store, ("M-L1-011", UNIT), ("L1", LINE))
    intake, source = MesIntake(store), foreign(mes)
    intake.read("line-1", source)
    assert changes(store) == []  # a record that is new says nothing else than before
    with mes.begin() as tx:
        tx.execute(text("UPDATE downtime SET ended_at = 9, reason = 'jam', updated_at = 13"))
    intake.read("line-1", source)
    intake.read("line-1", source)
    assert changes(store) == [
        ("downtimes", "D1", "end_us", "null", "9", 5, "line-1", LINE),
        ("downtimes", "D1", "reason", '""', '"jam"', 5, "line-1", LINE),
    ]
    with mes.begin() as tx:
        tx.execute(text("UPDATE downtime SET reason = 'tool', updated_at = 14"))
    intake.read("line-1", source)
    assert changes(store)[2:] == [("downtimes", "D1", "reason", '"jam"', '"tool"', 5, "line-1", LINE)]


def test_the_ends_that_a_planned_stop_had_are_kept(store: Database, mes: Engine) -> None:
    name(store, ("M-L1-011", UNIT), ("L1", LINE))
    intake, source = MesIntake(store), foreign(mes)
    with mes.begin() as tx:
        tx.execute(text("UPDATE downtime SET planned = 1, ended_at = 9, updated_at = 13"))
    intake.read("line-1", source)
    for at, ended in ((14, "20"), (15, "20"), (16, "NULL")):
        with mes.begin() as tx:
            tx.execute(text(f"UPDATE downtime SET ended_at = {ended}, updated_at = {at}"))
        intake.read("line-1", source)
    assert [(r.downtime_id, r.end_us) for r in rows(store, t.stop_ends)] == [("D1", 9), ("D1", 20)]


def test_a_record_that_comes_after_its_shift_was_closed_is_kept_whole(store: Database, mes: Engine) -> None:
    name(store, ("M-L1-011", UNIT), ("L1", LINE))
    closing = {
        "line_id": LINE, "from_us": 4, "version": 1, "to_us": 8, "shift": "Early", "closed_by": "x",
        "closed_us": 10, "closed_wall_us": 10, "note": "", "reopen_reason": "",
    }  # fmt: skip
    with store.write() as tx:
        tx.execute(t.shift_closings.insert().values(**closing))
    MesIntake(store).read("line-1", foreign(mes))
    found = changes(store)
    assert [(c[:3], c[3]) for c in found] == [(("downtimes", "D1", ""), None)]
    assert json.loads(found[0][4])["planned"] is False


def test_what_was_said_long_ago_is_forgotten(store: Database, mes: Engine) -> None:
    name(store, ("M-L1-011", UNIT), ("L1", LINE))
    intake, source = MesIntake(store), foreign(mes)
    intake.read("line-1", source)
    for number in (13, 14):
        with mes.begin() as tx:
            tx.execute(text(f"UPDATE downtime SET reason = 'jam {number}', updated_at = {number}"))
        intake.read("line-1", source)
        with store.write() as tx:
            c = t.mes_changes.c
            aged = c.learned_wall_us - corrections.KEPT_US - 1
            tx.execute(t.mes_changes.update().where(c.new == '"jam 13"').values(learned_wall_us=aged))
    with mes.begin() as tx:
        tx.execute(text("UPDATE downtime SET reason = 'jam 15', updated_at = 15"))
    intake.read("line-1", source)
    assert [row[4] for row in changes(store)] == ['"jam 14"', '"jam 15"']


def test_inspections_have_the_charts_of_their_machine_sampled_anew(store: Database, mes: Engine) -> None:
    """New ones from their own time on, and one that moved from the time that it had before."""
    name(store, ("M-L1-011", UNIT), ("L1", LINE))
    with store.write() as tx:
        chart(tx, "A", "quality", UNIT)
    check = {"result_no": "Q1", "machine_id": "M-L1-011", "order_no": None, "checked_at": 900, "good": 1.0,
             "scrap": 0.0, "rework": 0.0, "defects": None, "updated_at": 20}  # fmt: skip
    with mes.begin() as tx:
        tx.execute(schema.quality_results.insert(), [check])
    intake, source = MesIntake(store), foreign(mes)
    intake.read("line-1", source)
    assert rows(store, t.spc_late) == [("A", 900)]
    with store.write() as tx:
        assert late_charts.take(tx, "A") == 900
    with mes.begin() as tx:
        tx.execute(text("UPDATE quality_results SET checked_at = 5000, updated_at = 21"))
    intake.read("line-1", source)
    assert rows(store, t.spc_late) == [("A", 900)]


def test_settings_of_operations_are_read_beside_what_the_recipe_said(store: Database, mes: Engine) -> None:
    name(store, ("M-L1-011", UNIT), ("L1", LINE))
    value = {
        "value_no": "O1-010-force", "operation_no": "O1-010", "machine_id": "M-L1-011", "setting": "force",
        "set_point": 420.0, "actual": 431.5, "unit": "kN", "updated_at": 14,
    }  # fmt: skip
    with mes.begin() as tx:
        tx.execute(schema.process_values.insert(), [value])
    MesIntake(store).read("line-1", foreign(mes))
    (row,) = rows(store, t.process_parameters)
    assert (row.operation_id, row.parameter, row.equipment_id) == ("O1-010", "force", UNIT)
    assert (row.set_point, row.value, row.unit) == (420.0, 431.5, "kN")
