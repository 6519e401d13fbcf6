"""Lots, from the virtual MES into our tables and to the person who looks for one."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, select

from auth.permissions import Role
from data.sources import mapping
from data.sources.mes import ForeignDatabase
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import insert_ignore
from domain.clock import HOUR, Clock, wall_us
from domain.errors import NotFound
from services.context import Context
from services.ingest.mes import MesIntake
from services.queries.lots import LotQueries
from services.rows.site import SiteRow
from simulator.layout import demo
from simulator.mes import schema
from simulator.mes.lots import ORDERS_A_LOT, blank_of
from simulator.mes.names import aliases
from simulator.mes.system import Mes
from simulator.records.engine import Records
from tests import factories as f
from tests.data.sources import tryton as tables
from tests.data.sources.test_mes_tryton import AT
from tests.data.sources.test_mes_tryton import lots as tryton_lots
from tests.data.sources.test_mes_tryton import order as tryton_order

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
ORDERS = 5


@pytest.fixture(params=["database", pytest.param("postgres", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A line's MES has run five orders to their end and begun a sixth; all was read."""
    found: Database = request.getfixturevalue(request.param)
    layout = demo()
    records = Records(f"sqlite:///{tmp_path / 'mes.db'}", schema.metadata)
    mes = Mes(layout, layout.lines[0], 7, records, 0.0)
    at = f.NOW - 20 * HOUR
    for _ in range(ORDERS + 1):
        assert mes.production.product(at, True) >= 0
        quantity = mes.book.memory.orders[0]["quantity"]
        if mes.book.memory.number < ORDERS:
            mes.production.count(at, at + HOUR, [quantity] * 10, [0.0] * 10)
            at = max(at + HOUR, mes.book.memory.ready_us)
    mes.flush(f.NOW)
    with found.write() as tx:
        f.site(tx)
        f.machine(tx)
        insert_ignore(tx, t.equipment_aliases, aliases(layout))
    foreign = ForeignDatabase(str(records.engine.url), mapping.named("virtual_mes"))
    result = MesIntake(found).read("line-1", foreign)
    assert (result.trouble, result.refused) == ("", 0)
    foreign.close()
    records.close()
    return found


def queries(store: Database, *scopes: str) -> LotQueries:
    with store.write() as tx:
        actor = f.account(tx, f"u{wall_us()}", [Role.OPERATOR], scopes or ("north",))
    return LotQueries(Context(store, actor, SITE, Clock(f.NOW, wall_us())))


def test_lots_are_read_and_found(store: Database) -> None:
    view = queries(store).lots()
    made = [lot for lot in view.lots if lot.lot_id.endswith("-LOT")]
    blanks = [lot for lot in view.lots if lot not in made]
    assert len(made) == ORDERS and 2 <= len(blanks) <= ORDERS + 1
    assert sum(lot.orders for lot in blanks) == ORDERS + 1 > len(blanks), "a lot serves several orders"
    assert all(lot.unit == "pcs" and lot.status == "Available" for lot in view.lots)
    assert "Mechanic" in view.trades and view.materials >= 4
    one = queries(store).lots(made[0].lot_id.removesuffix("-LOT")[-5:])
    assert {lot.lot_id for lot in one.lots} >= {made[0].lot_id}
    assert queries(store).lots("100%").lots == ()


def test_a_lot_is_traced_both_ways(store: Database) -> None:
    ask = queries(store)
    blank = max(
        (lot for lot in ask.lots().lots if not lot.lot_id.endswith("-LOT")), key=lambda lot: lot.orders
    )
    found = ask.genealogy("line-1", blank.lot_id)
    assert found.made_by == () and len(found.went_into) == blank.orders >= 2
    product = found.went_into[0].others[0]
    assert product.lot_id == f"{found.went_into[0].order_id}-LOT"
    back = ask.genealogy("line-1", product.lot_id)
    assert back.went_into == () and [lot.lot_id for lot in back.made_by[0].others] == [blank.lot_id]
    with store.read() as tx:
        order = tx.execute(
            select(t.orders.c.product_id).where(t.orders.c.order_id == back.made_by[0].order_id)
        ).scalar_one()
    assert blank.lot_id.startswith(blank_of(order)) and blank.orders <= ORDERS_A_LOT


def test_another_line_sees_none(store: Database) -> None:
    ask = queries(store, "north/forming")
    assert ask.lots().lots == ()
    with store.read() as tx:
        lot = tx.execute(select(t.material_lots.c.lot_id)).scalars().first()
    with pytest.raises(NotFound):
        ask.genealogy("line-1", str(lot))
    with pytest.raises(NotFound):
        queries(store).genealogy("line-2", str(lot))


def test_a_lot_that_is_held_is_read_as_restricted(store: Database) -> None:
    with store.write() as tx:
        lot = {"instance": "line-1", "lot_id": "<b>X</b>", "material_id": "unknown", "quantity": 3.0}
        tx.execute(insert(t.material_lots).values(**lot, status="Restricted", at_us=f.NOW, updated_us=1))
        order = tx.execute(select(t.orders.c.order_id)).scalars().first()
        use = {
            "instance": "line-1",
            "use_id": "u",
            "lot_id": "<b>X</b>",
            "order_id": order,
            "use": "Consumed",
        }
        tx.execute(insert(t.lot_uses).values(**use, quantity=3.0, at_us=f.NOW, updated_us=1))
    (found,) = queries(store).lots("<b>X").lots
    assert (found.material, found.unit, found.status) == ("unknown", "", "Restricted")


@pytest.fixture(params=["database", pytest.param("postgres", marks=pytest.mark.services)])
def tryton(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """An order of a Tryton has used one lot and made another; all was read."""
    found: Database = request.getfixturevalue(request.param)
    engine = create_engine(f"sqlite:///{tmp_path / 'tryton.db'}")
    tables.metadata.create_all(engine)
    with engine.begin() as tx:
        tx.execute(tables.template.insert(), [{"id": 4, "name": "Flange", "create_date": AT}])
        tx.execute(tables.product.insert(), [{"id": 9, "template": 4, "create_date": AT}])
        tx.execute(tables.production.insert(), [tryton_order(1)])
    tryton_lots(engine)
    with found.write() as tx:
        f.site(tx)
        f.machine(tx)
        line = {"source": "mes:hall-2", "external_id": "31", "equipment_id": "north/machining/line-1"}
        tx.execute(insert(t.equipment_aliases).values(**line))
    foreign = ForeignDatabase(str(engine.url), mapping.named("tryton"))
    result = MesIntake(found).read("hall-2", foreign)
    assert (result.trouble, result.refused) == ("", 0)
    foreign.close()
    return found


def test_trytons_lots_are_traced_from_one_to_the_other(tryton: Database) -> None:
    view = queries(tryton).lots("flange")
    assert {(lot.lot_id, lot.material, lot.unit, lot.quantity, lot.status) for lot in view.lots} == {
        ("R-1", "Flange", "kg", None, None), ("F-1", "Flange", "kg", None, None)
    }  # fmt: skip
    found = queries(tryton).genealogy("hall-2", "R-1")
    (order,) = found.went_into
    assert (found.made_by, order.order_id, order.quantity) == ((), "PR-1", 60.0)
    assert [lot.lot_id for lot in order.others] == ["F-1"]
    (made,) = queries(tryton).genealogy("hall-2", "F-1").made_by
    assert (made.order_id, made.quantity, [lot.lot_id for lot in made.others]) == ("PR-1", 58.5, ["R-1"])
