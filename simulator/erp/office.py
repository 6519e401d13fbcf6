"""The three ERP modules that listen to queues: stock, procurement and finance, on one database."""

from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from data.wire.queues import ERP_QUEUES
from domain.messages import Cancel, Command, ReceiptStatus, Requisition, Reservation
from simulator.erp import schema, store
from simulator.erp.store import Movement
from simulator.layout import Layout
from simulator.mes.names import local
from simulator.records.engine import Records, Writer
from simulator.records.post import Answer, Post, accepted, refused

_R, _P, _C = schema.reservations, schema.purchase_orders, schema.commitments
MOST_PIECES = 20
BUDGET_CENTS = 25_000_000
SHIPPED_SHARE = 0.5


class ErpOffice:
    """Reservations, requisitions and commitments. `now_us` is the plant time of the last tick.

    `post.news` also means that orders changed: look again when the next delivery is due.
    """

    def __init__(self, layout: Layout, seed: int, records: Records) -> None:
        self.records = records
        self._units = {unit.equipment_id for unit in layout.units}
        self._zone = ZoneInfo(layout.time_zone)
        self.post = Post(records, schema.post, ERP_QUEUES, self)
        self.now_us = 0
        self._due_us: int | None = None
        with records.write(0) as writer:
            store.first_stock(writer, seed)

    def decide(self, writer: Writer, command: Command) -> Answer:
        """Accept or refuse at once."""
        if not isinstance(command.work, Cancel) and self.post.cancelled_before(writer, command.command_id):
            return Answer(ReceiptStatus.CANCELLED, "Cancelled before it came.")
        match command.work, command.queue:
            case Reservation() as work, "erp.stock":
                return self._check(writer, work) or self._reserve(writer, command, work)
            case Requisition() as work, "erp.procurement":
                return self._check(writer, work) or self._buy(writer, command, work)
            case (Reservation() | Requisition()) as work, "erp.finance":
                return self._check(writer, work) or self._commit(writer, command, work)
            case Cancel() as work, _:
                return self._cancel(writer, command, work)
            case _:
                return refused(f"{command.queue} does not take a {command.kind.value.replace('_', ' ')}.")

    def _check(self, writer: Writer, work: Reservation | Requisition) -> Answer | None:
        if work.for_equipment_id not in self._units:
            return refused(f"{work.for_equipment_id[:100]} is no machine of this plant.")
        if store.part(writer, work.part_id) is None:
            return refused(f"There is no part {work.part_id[:60]}.")
        if work.quantity > MOST_PIECES:
            return refused(f"No more than {MOST_PIECES} pieces at once.")
        return None

    def _reserve(self, writer: Writer, command: Command, work: Reservation) -> Answer:
        stock = store.part(writer, work.part_id)
        free = stock.on_hand - stock.reserved if stock is not None else 0
        if free < work.quantity:
            return refused(f"{work.part_id} is not in stock: {max(free, 0):g} free, {work.quantity} wanted.")
        store.move(writer, work.part_id, reserved=work.quantity)
        row = {
            "reservation_no": command.command_id,
            "business_key": command.business_key,
            "part_no": work.part_id,
            "quantity": work.quantity,
            "needed_at": work.needed_us,
            "for_machine": work.for_equipment_id,
            "status": "open",
        }
        writer.upsert(_R, [row])
        movement = Movement(
            command.business_key, "reservation", work.part_id, work.quantity, 0, command.command_id
        )
        store.post(writer, movement, self.now_us)
        store.reorder(writer, work.part_id, self.now_us)
        return accepted(f"{work.quantity} x {work.part_id} set aside.")

    def _buy(self, writer: Writer, command: Command, work: Requisition) -> Answer:
        stock = store.part(writer, work.part_id)
        if stock is None:
            return refused(f"There is no part {work.part_id[:60]}.")
        order_no, due = store.buy(
            writer,
            stock,
            work.quantity,
            self.now_us,
            origin="requisition",
            business_key=command.business_key,
            external_id=command.command_id,
        )
        late = " That is after it is needed." if due > work.needed_us else ""
        return accepted(f"{order_no}: delivery expected {local(due, self._zone)}.{late}")

    def _commit(self, writer: Writer, command: Command, work: Reservation | Requisition) -> Answer:
        stock = store.part(writer, work.part_id)
        amount = work.quantity * stock.price_cents if stock is not None else 0
        open_now = select(func.coalesce(func.sum(_C.c.amount_cents), 0)).where(_C.c.status == "open")
        if writer.tx.execute(open_now).scalar_one() + amount > BUDGET_CENTS:
            return refused("The maintenance budget is used up.")
        row = {
            "commitment_no": command.command_id,
            "business_key": command.business_key,
            "amount_cents": amount,
            "status": "open",
        }
        writer.upsert(_C, [row])
        movement = Movement(
            command.business_key, "commitment", work.part_id, work.quantity, amount, command.command_id
        )
        store.post(writer, movement, self.now_us)
        return accepted("The amount is committed.")

    def _cancel(self, writer: Writer, command: Command, work: Cancel) -> Answer:
        original = self.post.find(writer, work.command_id)
        if original is None:
            return accepted("The order has not come yet; it will not be done.")
        if original.outcome != ReceiptStatus.ACCEPTED.value or original.queue != command.queue:
            return refused(f"There is nothing to cancel: the order was {original.outcome}.")
        undo = {
            "erp.stock": self._unreserve,
            "erp.procurement": self._unbuy,
            "erp.finance": self._uncommit,
        }[command.queue]
        objection = undo(writer, work.command_id)
        if objection:
            return refused(objection)
        gone = Answer(ReceiptStatus.CANCELLED, "Cancelled.")
        self.post.set_outcome(writer, work.command_id, gone.outcome)
        self.post.answer(writer, original.queue, work.command_id, original.business_key, gone, self.now_us)
        return accepted("Cancelled.")

    def _unreserve(self, writer: Writer, command_id: str) -> str | None:
        row = writer.tx.execute(select(_R).where(_R.c.reservation_no == command_id)).first()
        if row is None or row.status != "open":
            return "The part has been handed out."
        store.move(writer, row.part_no, reserved=-row.quantity)
        gone = _R.update().where(_R.c.reservation_no == command_id)
        writer.tx.execute(gone.values(status="cancelled", updated_at=writer.stamp))
        self._post_cancel(writer, row.business_key, row.part_no, row.quantity, 0, command_id)
        return None

    def _unbuy(self, writer: Writer, command_id: str) -> str | None:
        row = writer.tx.execute(select(_P).where(_P.c.external_id == command_id)).first()
        if row is None or row.status != "ordered":
            return "The parts have been delivered."
        if self.now_us > row.ordered_at + SHIPPED_SHARE * (row.due_at - row.ordered_at):
            return "The supplier has shipped the parts."
        gone = _P.update().where(_P.c.order_no == row.order_no)
        writer.tx.execute(gone.values(status="cancelled", updated_at=writer.stamp))
        self._post_cancel(writer, row.business_key, row.part_no, row.quantity, row.amount_cents, command_id)
        return None

    def _uncommit(self, writer: Writer, command_id: str) -> str | None:
        row = writer.tx.execute(select(_C).where(_C.c.commitment_no == command_id)).first()
        if row is None:
            return "Nothing was committed."
        gone = _C.update().where(_C.c.commitment_no == command_id)
        writer.tx.execute(gone.values(status="cancelled", updated_at=writer.stamp))
        self._post_cancel(writer, row.business_key, "", 0, row.amount_cents, command_id)
        return None

    def _post_cancel(
        self, writer: Writer, key: str, part_no: str, quantity: int, amount: int, command_id: str
    ) -> None:
        movement = Movement(key, "cancellation", part_no, -quantity, -amount, command_id)
        store.post(writer, movement, self.now_us)

    def take_part(self, part_no: str, machine: str, at_us: int, command_id: str | None) -> int:
        """Hand a part to a technician at `machine`; returns when it is there."""
        with self.records.write(at_us) as writer:
            available, reservation = store.issue(writer, part_no, machine, at_us, command_id)
            if reservation is not None:
                self._done(writer, reservation.reservation_no, f"{part_no} was handed out.", at_us)
        self.post.news.set()
        self.post.mail.set()
        return available

    def advance(self, now_us: int) -> None:
        """Take in the deliveries that are due."""
        self.now_us = now_us
        if not self.post.news.is_set() and (self._due_us is None or self._due_us > now_us):
            return
        self.post.news.clear()
        with self.records.write(now_us) as writer:
            for order in store.deliver(writer, now_us):
                if order.external_id and order.origin == "requisition":
                    self._done(writer, order.external_id, f"{order.order_no} was delivered.", now_us)
            self._due_us = store.next_delivery_us(writer)
        self.post.mail.set()

    def _done(self, writer: Writer, command_id: str, detail: str, at_us: int) -> None:
        original = self.post.find(writer, command_id)
        if original is None:
            return
        done = Answer(ReceiptStatus.DONE, detail)
        self.post.set_outcome(writer, command_id, done.outcome)
        self.post.answer(writer, original.queue, command_id, original.business_key, done, at_us)
