"""The store room: stock, reservations, issues to technicians, and the buying behind them.

Every function works inside the caller's transaction. Money is in whole cents.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select

from domain.clock import HOUR, SECOND
from simulator.erp import schema
from simulator.layout import parts
from simulator.records.chance import between
from simulator.records.engine import Writer

_S, _R, _P = schema.stock, schema.reservations, schema.purchase_orders
EXPRESS_SHARE, EXPRESS_LEAST, EXPRESS_PRICE = 0.1, 3 * HOUR, 2
REORDER_AT = 2


@dataclass(frozen=True, slots=True)
class Movement:
    """One posting in the ledger of finance."""

    business_key: str
    kind: str
    part_no: str
    quantity: int
    amount_cents: int
    message_id: str | None = None


def first_stock(writer: Writer, seed: int) -> None:
    """Fill the store room, once: two to four pieces, of dear parts at times none."""
    if writer.tx.execute(select(func.count()).select_from(_S)).scalar_one():
        return
    rows = []
    for part in parts():
        dear = part.price_cents > 100_000
        most = 3 if dear else 5
        pieces = int(between(0 if dear else 2, most, seed, "stock", part.part_id))
        rows.append(
            {
                "part_no": part.part_id,
                "name": part.name,
                "on_hand": float(pieces),
                "reserved": 0.0,
                "reorder_at": REORDER_AT,
                "lead_time_s": part.lead_time_s,
                "price_cents": part.price_cents,
            }
        )
    writer.upsert(_S, rows)


def part(writer: Writer, part_no: str) -> Row[Any] | None:
    """The stock row of a part."""
    return writer.tx.execute(select(_S).where(_S.c.part_no == part_no)).first()


def move(writer: Writer, part_no: str, *, on_hand: int = 0, reserved: int = 0) -> None:
    """Change a part's figures."""
    values = {
        "on_hand": _S.c.on_hand + on_hand,
        "reserved": _S.c.reserved + reserved,
        "updated_at": writer.stamp,
    }
    writer.tx.execute(_S.update().where(_S.c.part_no == part_no).values(**values))


def post(writer: Writer, movement: Movement, at_us: int) -> None:
    """One line in the ledger."""
    row = {
        "business_key": movement.business_key,
        "kind": movement.kind,
        "part_no": movement.part_no,
        "quantity": movement.quantity,
        "amount_cents": movement.amount_cents,
        "message_id": movement.message_id,
        "posted_at": at_us,
        "updated_at": writer.stamp,
    }
    writer.tx.execute(schema.postings.insert().values(**row))


def buy(
    writer: Writer,
    stock: Row[Any],
    quantity: int,
    now_us: int,
    *,
    origin: str,
    business_key: str = "",
    external_id: str | None = None,
) -> tuple[str, int]:
    """Order from the supplier; returns the order's number and the plant time of its delivery."""
    number = writer.tx.execute(select(func.count()).select_from(_P)).scalar_one() + 1
    order_no = f"PO-{number:06d}"
    lead = int(stock.lead_time_s * between(0.85, 1.25, order_no, now_us) * SECOND)
    price = stock.price_cents
    if origin == "express":
        lead, price = max(int(lead * EXPRESS_SHARE), EXPRESS_LEAST), price * EXPRESS_PRICE
    key = business_key or order_no
    row = {
        "order_no": order_no,
        "business_key": key,
        "part_no": stock.part_no,
        "quantity": quantity,
        "ordered_at": now_us,
        "due_at": now_us + lead,
        "delivered_at": None,
        "status": "ordered",
        "origin": origin,
        "external_id": external_id,
        "amount_cents": quantity * price,
    }
    writer.upsert(_P, [row])
    movement = Movement(key, "purchase_order", stock.part_no, quantity, quantity * price, external_id)
    post(writer, movement, now_us)
    return order_no, now_us + lead


def reorder(writer: Writer, part_no: str, now_us: int) -> None:
    """The ERP's own rule: buy when what is free falls below the limit and none is on its way."""
    stock = part(writer, part_no)
    if stock is None or stock.on_hand - stock.reserved >= stock.reorder_at:
        return
    coming = select(_P.c.order_no).where(
        _P.c.part_no == part_no, _P.c.status == "ordered", _P.c.origin == "reorder"
    )
    if writer.tx.execute(coming).first() is None:
        buy(writer, stock, REORDER_AT, now_us, origin="reorder")


def issue(writer: Writer, part_no: str, machine: str, at_us: int, external_id: str | None) -> tuple[int, Any]:
    """Hand one part out; returns when it is there, and the reservation that it used up, if any.

    From the machine's reservation, else from free stock, else by express. The same question gets the
    same answer. An unknown part is at hand: the MES knows parts that the ERP does not keep.
    """
    issue_no = f"{machine}|{part_no}|{external_id or at_us}"
    known = select(schema.issues).where(schema.issues.c.issue_no == issue_no)
    before = writer.tx.execute(known).first()
    if before is not None:
        return before.available_at, None
    stock = part(writer, part_no)
    if stock is None:
        return at_us, None
    reservation = _reservation(writer, part_no, machine)
    available = at_us
    if reservation is not None:
        move(writer, part_no, on_hand=-1, reserved=-reservation.quantity)
        done = _R.update().where(_R.c.reservation_no == reservation.reservation_no)
        writer.tx.execute(done.values(status="issued", updated_at=writer.stamp))
    elif stock.on_hand - stock.reserved >= 1:
        move(writer, part_no, on_hand=-1)
    else:
        _, available = buy(writer, stock, 1, at_us, origin="express")
    key = reservation.business_key if reservation is not None else issue_no
    post(writer, Movement(key, "goods_issue", part_no, 1, stock.price_cents, external_id), at_us)
    row = {
        "issue_no": issue_no,
        "part_no": part_no,
        "for_machine": machine,
        "asked_at": at_us,
        "available_at": available,
        "external_id": external_id,
    }
    writer.upsert(schema.issues, [row])
    reorder(writer, part_no, at_us)
    return available, reservation


def _reservation(writer: Writer, part_no: str, machine: str) -> Row[Any] | None:
    found = select(_R).where(_R.c.part_no == part_no, _R.c.for_machine == machine, _R.c.status == "open")
    return writer.tx.execute(found.order_by(_R.c.needed_at)).first()


def deliver(writer: Writer, now_us: int) -> list[Row[Any]]:
    """Take in what is due; express parts go straight to the technician. Returns the orders."""
    due = select(_P).where(_P.c.status == "ordered", _P.c.due_at <= now_us).order_by(_P.c.due_at)
    orders = list(writer.tx.execute(due))
    for order in orders:
        done = {"status": "delivered", "delivered_at": order.due_at, "updated_at": writer.stamp}
        writer.tx.execute(_P.update().where(_P.c.order_no == order.order_no).values(**done))
        if order.origin != "express":
            move(writer, order.part_no, on_hand=order.quantity)
        movement = Movement(
            order.business_key,
            "goods_receipt",
            order.part_no,
            order.quantity,
            order.amount_cents,
            order.external_id,
        )
        post(writer, movement, order.due_at)
    return orders


def next_delivery_us(writer: Writer) -> int | None:
    """When the next order is due."""
    waiting = select(func.min(_P.c.due_at)).where(_P.c.status == "ordered")
    return writer.tx.execute(waiting).scalar()
