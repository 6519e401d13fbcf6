from itertools import permutations

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from auth.permissions import Actor, Role
from data.sinks.port import Outcome, Terminal
from data.store import outbox
from data.store import tables as t
from data.store.database import Database
from data.wire.orders import decode_command, encode_receipt
from domain.clock import HOUR, wall_us
from domain.ids import new_id
from domain.messages import Cancel, Command, CommandKind, Finding, Receipt, ReceiptStatus
from services import audit
from services.commands.acting import Changes
from services.commands.cases import CaseCommands
from services.recommend import Recommender
from services.relay import Relay
from tests.contract.memory_sink import MemorySink
from tests.services.decide.plant import Plant, receipt

A, R, D, X = ReceiptStatus.ACCEPTED, ReceiptStatus.REFUSED, ReceiptStatus.DONE, ReceiptStatus.CANCELLED


def sent(sink: MemorySink, queue: str) -> list[Command]:
    return [decode_command(body) for _, body in sink.work.get(queue, [])]


def answer(sink: MemorySink, *receipts: Receipt) -> None:
    for one in receipts:
        sink.answer(one.sender, encode_receipt(one).encode())


def both(sink: MemorySink) -> tuple[Command, Command]:
    (order,), (reservation,) = sent(sink, "mes.line-1"), sent(sink, "erp.stock")
    return order, reservation


def test_the_whole_way_from_approval_to_the_finding(
    plant: Plant, relay: Relay, sink: MemorySink, approved: str, database: Database
) -> None:
    assert relay.backlog() == 2
    assert relay.send_due().sent == 2
    assert relay.backlog() == 0
    assert plant.case(approved)["state"] == "sent"
    order, reservation = both(sink)
    answer(sink, receipt(order, A), receipt(reservation, A))
    assert relay.take_receipts() == 2
    assert plant.case(approved)["state"] == "accepted"
    answer(sink, receipt(order, D, finding=Finding.DEGRADED, at_us=wall_us() + HOUR))
    relay.take_receipts()
    case = plant.case(approved)
    assert (case["state"], case["open_key"], case["attention"]) == ("judged", None, False)
    (outcome,) = plant.rows(select(t.outcomes))
    assert (outcome["finding"], outcome["cause"], outcome["reported_by"]) == (
        "degraded",
        "bearing",
        "mes.line-1",
    )
    actions = plant.actions(approved)
    assert actions[:2] == ["proposed", "approved"]
    assert set(actions[2:4]) == {"sent to mes.line-1", "sent to erp.stock"}
    assert actions.count("mes.line-1 answered: accepted") == 1
    assert audit.verify(database).entries == len(actions)


def test_nothing_is_sent_twice(relay: Relay, sink: MemorySink, approved: str) -> None:
    relay.send_due()
    assert relay.send_due().sent == 0
    assert len(sent(sink, "mes.line-1")) == 1


def test_a_receipt_that_comes_twice_counts_once(
    plant: Plant, relay: Relay, sink: MemorySink, approved: str
) -> None:
    relay.send_due()
    order, _ = both(sink)
    one = receipt(order, A)
    answer(sink, one, one)
    relay.take_receipts()
    assert len(plant.rows(select(t.receipts))) == 1
    assert plant.actions(approved).count("mes.line-1 answered: accepted") == 1


def test_a_receipt_is_acknowledged_only_after_it_is_stored(
    plant: Plant, relay: Relay, sink: MemorySink, approved: str, database: Database
) -> None:
    relay.send_due()
    order, _ = both(sink)
    answer(sink, receipt(order, A))
    sink.receipts(10, 0)  # read by a relay that then dies
    sink.close()
    relay.take_receipts()
    assert len(plant.rows(select(t.receipts))) == 1


def test_receivers_that_disagree_raise_attention_and_a_cancel_is_proposed(
    plant: Plant, relay: Relay, sink: MemorySink, approved: str, desk: CaseCommands, supervisor: Actor
) -> None:
    relay.send_due()
    order, reservation = both(sink)
    answer(sink, receipt(order, A), receipt(reservation, R, detail="reserved for another order"))
    relay.take_receipts()
    case = plant.case(approved)
    assert case["attention"] and "needs attention" in plant.actions(approved)
    cancel = plant.commands(approved)[-1]
    assert (cancel["kind"], cancel["state"], cancel["cancels"]) == ("cancel", "proposed", order.command_id)
    assert [o["state"] for o in plant.outbox()] == ["sent", "sent"]

    desk.withdraw_command(supervisor, approved, case["version"], "act-cancel-1", cancel["command_id"])
    relay.send_due()
    (taken_back,) = [c for c in sent(sink, "mes.line-1") if c.kind is CommandKind.CANCEL]
    assert isinstance(taken_back.work, Cancel) and taken_back.work.command_id == order.command_id
    answer(sink, receipt(taken_back, A))
    relay.take_receipts()
    case = plant.case(approved)
    assert (case["state"], case["attention"], case["open_key"]) == ("refused", True, None)
    assert plant.commands(approved)[0]["state"] == "cancelled"


def test_undo_after_sending_waits_for_the_answer_of_the_cancel(
    plant: Plant, relay: Relay, sink: MemorySink, approved: str, desk: CaseCommands, supervisor: Actor
) -> None:
    relay.send_due()
    order, reservation = both(sink)
    answer(sink, receipt(order, A), receipt(reservation, A))
    relay.take_receipts()
    desk.undo(supervisor, approved, plant.case(approved)["version"], "act-undo-1")
    assert plant.case(approved)["state"] == "accepted"
    relay.send_due()
    cancels = [c for q in ("mes.line-1", "erp.stock") for c in sent(sink, q) if c.kind is CommandKind.CANCEL]
    assert len(cancels) == 2
    answer(sink, receipt(cancels[0], A), receipt(order, X))
    relay.take_receipts()
    assert not plant.case(approved)["attention"]
    answer(sink, receipt(cancels[1], A))
    relay.take_receipts()
    assert plant.case(approved)["state"] == "cancelled"


def test_a_cancel_that_comes_too_late_asks_for_attention(
    plant: Plant, relay: Relay, sink: MemorySink, approved: str, desk: CaseCommands, supervisor: Actor
) -> None:
    relay.send_due()
    order, reservation = both(sink)
    answer(sink, receipt(order, A), receipt(reservation, A))
    relay.take_receipts()
    version = plant.case(approved)["version"]
    desk.withdraw_command(supervisor, approved, version, "act-undo-1", order.command_id)
    relay.send_due()
    cancel = sent(sink, "mes.line-1")[-1]
    answer(sink, receipt(cancel, R, detail="already under way"))
    relay.take_receipts()
    assert plant.case(approved)["attention"]
    answer(sink, receipt(order, D, finding=Finding.FAILED))
    relay.take_receipts()
    assert plant.case(approved)["state"] == "judged"


@pytest.mark.parametrize("order_of", list(permutations(range(4))))
def test_receipts_in_any_order_lead_to_the_same_end(
    plant: Plant, relay: Relay, sink: MemorySink, approved: str, order_of: tuple[int, ...]
) -> None:
    relay.send_due()
    order, reservation = both(sink)
    every = [
        receipt(order, A, at_us=100),
        receipt(order, D, at_us=300, finding=Finding.NOTHING_FOUND),
        receipt(reservation, A, at_us=100),
        receipt(reservation, D, at_us=200),
    ]
    for n in order_of:
        answer(sink, every[n])
        relay.take_receipts()
    assert plant.case(approved)["state"] == "judged"
    assert [c["state"] for c in plant.commands(approved)] == ["done", "done"]


def test_a_receipt_before_the_relay_noted_the_sending(
    plant: Plant, relay: Relay, sink: MemorySink, approved: str, database: Database
) -> None:
    with database.write() as tx:
        batch = outbox.claim(tx, "slow", 10, wall_us(), 60_000_000)
    for message in batch:
        sink.publish(message.queue, message.message_id, message.body)
    order, _ = both(sink)
    answer(sink, receipt(order, A))
    relay.take_receipts()
    assert plant.commands(approved)[0]["state"] == "accepted"
    with database.write() as tx:
        assert outbox.sent(tx, "slow", order.command_id, wall_us())
    assert plant.commands(approved)[0]["state"] == "accepted"


def test_a_relay_that_was_too_slow_finishes_nothing(
    database: Database, relay: Relay, sink: MemorySink, approved: str
) -> None:
    with database.write() as tx:
        batch = outbox.claim(tx, "slow", 10, wall_us(), -1)
    assert relay.send_due().sent == 2
    with database.write() as tx:
        assert not any(outbox.sent(tx, "slow", m.message_id, wall_us()) for m in batch)


def test_two_relays_never_lease_the_same_message(database: Database, approved: str) -> None:
    with database.write() as tx:
        first = outbox.claim(tx, "one", 1, wall_us(), 60_000_000)
    with database.write() as tx:
        second = outbox.claim(tx, "two", 10, wall_us(), 60_000_000)
    assert len(first) == len(second) == 1
    assert first[0].message_id != second[0].message_id


def test_a_queue_that_is_away_is_tried_again_with_longer_pauses(
    plant: Plant, relay: Relay, sink: MemorySink, approved: str, database: Database
) -> None:
    sink.away = True
    pauses = []
    for _ in range(4):
        before = wall_us()
        assert relay.send_due().retried == 2
        pauses.append((plant.outbox()[0]["next_try_wall_us"] - before) / 1e6)
        with database.write() as tx:
            tx.execute(update(t.outbox).values(next_try_wall_us=0))
    assert all(at_least <= pause for at_least, pause in zip((0.5, 1, 2, 4), pauses, strict=True))
    assert pauses[-1] < 8
    assert plant.commands(approved)[0]["state"] == "queued"
    assert "does not answer" in plant.outbox()[0]["last_error"]
    sink.away = False
    assert relay.send_due().sent == 2


class _Broken(MemorySink):
    """A sink that refuses one queue for good."""

    def publish(self, queue: str, message_id: str, body: str) -> Outcome:
        return Terminal("too large") if queue == "erp.stock" else super().publish(queue, message_id, body)


def test_what_can_never_be_delivered_is_kept_and_shown(
    plant: Plant, database: Database, approved: str
) -> None:
    assert Relay(database, _Broken()).send_due().failed == 1
    assert sorted(o["state"] for o in plant.outbox()) == ["failed", "sent"]
    stock = plant.commands(approved)[1]
    assert (stock["state"], stock["detail"]) == ("refused", "could not be delivered: too large")
    assert plant.case(approved)["attention"]


def test_after_a_hundred_attempts_it_gives_up(
    plant: Plant, database: Database, sink: MemorySink, relay: Relay, approved: str
) -> None:
    with database.write() as tx:
        tx.execute(update(t.outbox).values(attempts=100))
    sink.away = True
    assert relay.send_due().failed == 2
    assert plant.case(approved)["state"] == "refused"


@pytest.fixture
def bought(plant: Plant, recommender: Recommender, desk: CaseCommands) -> str:
    manager = plant.person(Role.PLANT_MANAGER)
    plant.set_stock(0)
    case_id = recommender.consider(plant.predict(0.97)).case_id
    assert case_id
    desk.approve(manager, case_id, 1, "act-approve-1", Changes("when_part_arrives"))
    return case_id


def test_the_order_waits_until_the_purchase_is_accepted(
    plant: Plant, relay: Relay, sink: MemorySink, bought: str
) -> None:
    assert relay.send_due().sent == 1
    assert sent(sink, "mes.line-1") == []
    (requisition,) = sent(sink, "erp.procurement")
    answer(sink, receipt(requisition, A))
    relay.take_receipts()
    assert relay.send_due().sent == 1
    assert len(sent(sink, "mes.line-1")) == 1


def test_a_refused_purchase_drops_the_order_that_waits(
    plant: Plant, relay: Relay, sink: MemorySink, bought: str
) -> None:
    relay.send_due()
    (requisition,) = sent(sink, "erp.procurement")
    answer(sink, receipt(requisition, R, detail="no budget"))
    relay.take_receipts()
    case = plant.case(bought)
    assert (case["state"], case["attention"]) == ("refused", True)
    assert [c["state"] for c in plant.commands(bought)] == ["cancelled", "refused"]
    assert relay.send_due().sent == 0


def test_garbage_on_the_receipts_queue_goes_to_quarantine(
    plant: Plant, relay: Relay, sink: MemorySink, approved: str
) -> None:
    relay.send_due()
    order, _ = both(sink)
    for body in (b"", b"{", b"\xff\xfe", b"[]", b'{"AcknowledgeJobOrder":{}}', b"x" * 1_000_000):
        sink.answer("mes.line-1", body)
    answer(sink, receipt(order, A))
    assert relay.take_receipts() == 7
    assert relay.take_receipts() == 0
    rows = plant.rows(select(t.quarantine).where(t.quarantine.c.source == "receipts"))
    assert len(rows) == 6
    assert plant.commands(approved)[0]["state"] == "accepted"


def test_a_receipt_for_an_unknown_command_is_kept(plant: Plant, relay: Relay, sink: MemorySink) -> None:
    stray = Receipt(new_id(), "mes.line-1", new_id(), "X-1", A, "", wall_us())
    answer(sink, stray)
    relay.take_receipts()
    assert [r["receipt_id"] for r in plant.rows(select(t.receipts))] == [stray.receipt_id]


def test_taking_back_what_is_on_its_way_sends_a_cancel_after_it(
    plant: Plant,
    relay: Relay,
    sink: MemorySink,
    approved: str,
    desk: CaseCommands,
    supervisor: Actor,
    database: Database,
) -> None:
    with database.write() as tx:
        outbox.claim(tx, "slow", 10, wall_us(), 60_000_000)
    desk.undo(supervisor, approved, plant.case(approved)["version"], "act-undo-1")
    assert relay.send_due().sent == 0, "a cancel must not overtake what it cancels"
    with database.write() as tx:
        tx.execute(update(t.outbox).where(t.outbox.c.state == "leased").values(lease_until_wall_us=0))
    relay.send_due()
    relay.send_due()
    assert [c.kind for c in sent(sink, "mes.line-1")] == [CommandKind.MAINTENANCE_ORDER, CommandKind.CANCEL]


def test_without_an_audit_entry_there_is_no_decision(
    plant: Plant, desk: CaseCommands, supervisor: Actor, recommender: Recommender, database: Database
) -> None:
    case_id = recommender.consider(plant.predict(0.85)).case_id
    assert case_id
    with database.write() as tx:
        tx.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    with pytest.raises(IntegrityError, match="disk full"):
        desk.approve(supervisor, case_id, 1, "act-approve-1")
    assert plant.case(case_id)["state"] == "proposed"
    assert plant.outbox() == plant.rows(select(t.signatures)) == plant.rows(select(t.acts)) == []


@pytest.mark.parametrize("finding", list(Finding))
def test_an_inspection_that_found_wear_is_followed_by_the_repair(
    plant: Plant,
    relay: Relay,
    sink: MemorySink,
    desk: CaseCommands,
    supervisor: Actor,
    recommender: Recommender,
    finding: Finding,
) -> None:
    case_id = recommender.consider(plant.predict(0.5)).case_id
    assert case_id
    desk.approve(supervisor, case_id, 1, "act-approve-1")
    relay.send_due()
    (inspection,) = sent(sink, "mes.line-1")
    answer(sink, receipt(inspection, D, finding=finding))
    relay.take_receipts()
    assert plant.case(case_id)["state"] == "judged"
    cases = plant.rows(select(t.cases).order_by(t.cases.c.number))
    worn = finding in (Finding.DEGRADED, Finding.FAILED)
    assert len(cases) == (2 if worn else 1)
    if worn:
        follow = cases[1]
        assert (follow["kind"], follow["state"], follow["advised"]) == ("inspected", "proposed", "now")
        assert "case 1001 found the part worn" in follow["evidence"]
        plant.age(follow["case_id"], evidence_us=0)  # a finding does not grow stale
        desk.approve(supervisor, follow["case_id"], 1, "act-approve-2")
        assert [c["kind"] for c in plant.commands(follow["case_id"])] == ["maintenance_order", "reservation"]
