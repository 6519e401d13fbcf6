"""How fast and how surely decisions reach MES and ERP, and what people did for it."""

import pytest
from sqlalchemy import insert, update

from auth.permissions import Actor, Role
from components import sent as c
from data.store import tables as t
from data.store.database import Database
from domain.clock import MINUTE, SECOND, Clock, wall_us
from domain.errors import Forbidden
from domain.messages import ReceiptStatus
from services.context import Context
from services.queries.sent import SentQueries
from services.relay import Relay
from services.rows.sent import Sent
from services.rows.site import SiteRow
from tests.contract.memory_sink import MemorySink
from tests.services.decide.plant import SITE, Plant, receipt
from tests.services.decide.test_relay import answer, both


def look(plant: Plant, actor: Actor, from_wall_us: int = 0) -> Sent:
    site = SiteRow(SITE, "Plant North", "Europe/Berlin", "EUR")
    context = Context(plant.database, actor, site, Clock(wall_us(), wall_us()))
    return SentQueries(context).view(from_wall_us)


def test_orders_are_counted_by_what_became_of_them_and_timed_from_the_decision(
    plant: Plant, relay: Relay, sink: MemorySink, approved: str, supervisor: Actor, database: Database
) -> None:
    waiting = look(plant, supervisor)
    assert (waiting.whole.orders, waiting.whole.waiting, waiting.whole.out_us) == (2, 2, None)
    relay.send_due()
    order, reservation = both(sink)
    no = "Part is not on the shelf."
    answer(sink, receipt(order, ReceiptStatus.ACCEPTED))
    answer(sink, receipt(reservation, ReceiptStatus.REFUSED, detail=no))
    relay.take_receipts()
    with database.write() as tx:
        tx.execute(update(t.outbox).values(created_wall_us=1_000, sent_wall_us=1_000 + SECOND))
        for command, after in ((order, 2), (reservation, 30)):
            mine = t.receipts.c.command_id == command.command_id
            tx.execute(update(t.receipts).where(mine).values(received_wall_us=1_000 + after * SECOND))
    found = look(plant, supervisor)
    by = {one.queue: one for one in found.receivers}
    assert set(by) == {"mes.line-1", "erp.stock"}
    mes, erp = by["mes.line-1"], by["erp.stock"]
    assert (mes.orders, mes.accepted, mes.refused) == (1, 1, 0)
    assert (erp.orders, erp.accepted, erp.refused) == (1, 0, 1)
    assert (mes.out_us, mes.half_us, mes.longest_us) == (SECOND, 2 * SECOND, 2 * SECOND)
    assert (found.whole.half_us, found.whole.longest_us) == (16 * SECOND, 30 * SECOND)
    assert found.reasons == ((no, 1),)
    assert (found.cases, found.acts) == (1, 1)
    assert [(hand.action, hand.times, hand.cases) for hand in found.hands] == [("approved", 1, 1)]
    assert "1 of 2 orders" in c.headline(found) and "1 case took 1 act" in c.headline(found)
    assert "MES line 1" in c.receivers_panel(found) and no in c.reasons_panel(found.reasons)
    assert c.sent_csv(found).decode().splitlines()[1].startswith("erp.stock,1,0,1,0,0,1.0,30.0")


def test_only_what_was_sent_since_then_and_only_of_the_own_places(
    plant: Plant, relay: Relay, approved: str, supervisor: Actor
) -> None:
    relay.send_due()
    assert look(plant, supervisor, wall_us() + MINUTE).whole.orders == 0
    assert "No order was sent" in c.headline(look(plant, supervisor, wall_us() + MINUTE))
    elsewhere = plant.person(Role.SUPERVISOR, scope="north/forming")
    assert look(plant, elsewhere).whole.orders == 0
    with pytest.raises(Forbidden):
        look(plant, plant.person(Role.OPERATOR))


def test_stock_that_contradicts_itself_is_named(plant: Plant, supervisor: Actor, database: Database) -> None:
    with database.write() as tx:
        tx.execute(t.stock.delete())
        rows = [("good", 5.0, 5.0), ("short", -1.0, 0.0), ("over", 2.0, 3.0)]
        for part, on_hand, reserved in rows:
            tx.execute(insert(t.stock).values(
                module="erp", part_id=part, name=part.title(), on_hand=on_hand, reserved=reserved,
                lead_time_s=1, price_cents=1, updated_us=0,
            ))  # fmt: skip
    found = look(plant, supervisor)
    assert found.parts == 3
    assert [(one.part_id, one.words) for one in found.odd] == [
        ("over", "3 reserved, 2 on hand"),
        ("short", "-1 on hand"),
    ]
    assert "2 of 3 parts" in c.stock_panel(found.parts, found.odd)
