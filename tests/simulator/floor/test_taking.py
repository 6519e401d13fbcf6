"""What the MES and the ERP do with a message: effect once, the right answer, nothing that crashes."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from data.wire.orders import decode_receipt
from domain.clock import DAY, HOUR, MINUTE
from domain.ids import new_id
from domain.messages import Command, Finding, MaintenanceOrder, Receipt, ReceiptStatus
from simulator.contract import JobCancel, JobEvent, JobKind, JobRequest, JobStatus
from simulator.erp import schema as erp
from simulator.floor import PlantFloor
from simulator.mes import schema as mes
from simulator.records.post import Post
from tests.simulator.floor.conftest import (
    BEARING,
    CNC,
    CNC_12,
    NOW,
    body,
    cancel,
    order,
    requisition,
    reservation,
    set_clock,
)

ACCEPTED, REFUSED = ReceiptStatus.ACCEPTED, ReceiptStatus.REFUSED
DONE, CANCELLED = ReceiptStatus.DONE, ReceiptStatus.CANCELLED


def send(floor: PlantFloor, *commands: Command) -> None:
    for command in commands:
        post_of(floor, command.queue).take(command.queue, body(command), floor.now_us)


def post_of(floor: PlantFloor, queue: str) -> Post:
    return next(post for post in floor.posts if queue in post.queues)


def receipts(floor: PlantFloor, command: Command) -> list[Receipt]:
    rows = post_of(floor, command.queue).unsent(1_000)
    found = [decode_receipt(row.body) for row in rows]
    return [receipt for receipt in found if receipt.command_id == command.command_id]


def statuses(floor: PlantFloor, command: Command) -> list[ReceiptStatus]:
    return [receipt.status for receipt in receipts(floor, command)]


def stock(floor: PlantFloor, part_no: str = BEARING) -> tuple[float, float]:
    with floor.erp.records.read() as tx:
        row = tx.execute(select(erp.stock).where(erp.stock.c.part_no == part_no)).one()
    return row.on_hand, row.reserved


def set_stock(floor: PlantFloor, pieces: float, part_no: str = BEARING) -> None:
    with floor.erp.records.write(NOW) as writer:
        writer.tx.execute(
            erp.stock.update().where(erp.stock.c.part_no == part_no).values(on_hand=pieces, reserved=0)
        )


def tell(floor: PlantFloor, request: JobRequest, status: JobStatus, at_us: int, **more: object) -> None:
    """The plant reports on a job."""
    event = JobEvent(
        job_id=request.job_id,
        unit=request.unit,
        kind=request.kind,
        status=status,
        at_us=at_us,
        planned_us=request.start_us,
        start_us=at_us if status is not JobStatus.PLANNED else None,
        end_us=at_us if status is JobStatus.DONE else None,
        cause=request.cause,
        part_id=request.part_id,
        command_id=request.command_id,
        log_us=at_us,
    )
    system = floor.systems[0]
    system.jobs([replace(event, **more)])  # type: ignore[arg-type]
    system.flush(at_us)


def the_job(floor: PlantFloor) -> JobRequest:
    (found,) = [job for job in floor.requests() if isinstance(job, JobRequest)]
    return found


def test_an_order_is_accepted_once_and_asked_of_the_plant(floor: PlantFloor) -> None:
    command = order()
    send(floor, command, command, command)
    assert statuses(floor, command) == [ACCEPTED]
    job = the_job(floor)
    assert (job.unit, job.start_us, job.cause, job.part_id) == (0, NOW + 2 * HOUR, "bearing", BEARING)
    assert job.kind is JobKind.PREVENTIVE
    assert not floor.requests()
    with floor.systems[0].records.read() as tx:
        assert tx.execute(select(func.count()).select_from(mes.ledger)).scalar() == 1
        row = tx.execute(select(mes.maintenance_orders)).one()
    assert (row.machine_id, row.status, row.external_id) == ("M-L1-011", "planned", command.command_id)


def test_the_same_thing_under_a_second_message_id_is_refused(floor: PlantFloor) -> None:
    first = order()
    second = replace(first, command_id=new_id())
    send(floor, first, second)
    assert statuses(floor, second) == [REFUSED]
    with floor.systems[0].records.read() as tx:
        assert tx.execute(select(func.count()).select_from(mes.ledger)).scalar() == 1


def test_the_finding_comes_back_with_done(floor: PlantFloor) -> None:
    command = order()
    send(floor, command)
    job = the_job(floor)
    tell(floor, job, JobStatus.UNDER_WAY, NOW + 2 * HOUR)
    end = NOW + 4 * HOUR
    tell(floor, job, JobStatus.DONE, end, finding=Finding.DEGRADED, found_cause="bearing")
    tell(floor, job, JobStatus.DONE, end + 1, finding=Finding.NOTHING_FOUND)  # told again after a crash
    done = receipts(floor, command)[-1]
    assert statuses(floor, command) == [ACCEPTED, DONE]
    assert (done.finding, done.found_cause, done.at_us) == (Finding.DEGRADED, "bearing", end)
    with floor.systems[0].records.read() as tx:
        row = tx.execute(select(mes.maintenance_orders)).one()
    assert (row.status, row.finding, row.cause, row.ended_at) == ("done", "degraded", "bearing", end)


def test_a_late_word_does_not_undo_what_is_done(floor: PlantFloor) -> None:
    command = order()
    send(floor, command)
    job = the_job(floor)
    tell(floor, job, JobStatus.DONE, NOW + 4 * HOUR, finding=Finding.DEGRADED)
    tell(floor, job, JobStatus.UNDER_WAY, NOW + 2 * HOUR)
    with floor.systems[0].records.read() as tx:
        assert tx.execute(select(mes.maintenance_orders.c.status)).scalar() == "done"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (order(equipment_id="north/forming/line-2/press-21"), "is no machine of Line 1 Machining"),
        (order(equipment_id="' OR 1=1 --"), "is no machine"),
        (order(start_us=NOW - 3 * HOUR), "lies in the past"),
        (order(start_us=NOW + 90 * DAY), "60 days"),
        (order(duration_s=60), "between 5 minutes"),
        (order(duration_s=200_000), "between 5 minutes"),
        (order(cause="gremlins"), "no work plan"),
        (order(part_id="PRT-OVEN-BEARING"), "does not fit CNC-11"),
        (replace(reservation(), queue="erp.stock"), ""),
    ],
)
def test_a_refusal_says_why(floor: PlantFloor, command: Command, words: str) -> None:
    if not words:
        set_stock(floor, 0)
        words = "not in stock"
    send(floor, command)
    (receipt,) = receipts(floor, command)
    assert receipt.status is REFUSED
    assert words in receipt.detail
    assert not floor.requests()


def test_a_start_a_moment_ago_means_now(floor: PlantFloor) -> None:
    command = order(start_us=NOW - 5 * MINUTE)
    send(floor, command)
    assert statuses(floor, command) == [ACCEPTED]
    assert the_job(floor).start_us == NOW


def test_no_free_slot_for_the_machine_or_the_crew(floor: PlantFloor) -> None:
    first = order()
    same_machine = order(start_us=NOW + 3 * HOUR, cause="leak", part_id=None, skill="electrician")
    same_crew = order(start_us=NOW + 3 * HOUR, equipment_id=CNC_12)
    other_crew = order(start_us=NOW + 3 * HOUR, equipment_id=CNC_12, skill="electrician")
    later = order(start_us=NOW + 4 * HOUR, equipment_id=CNC_12, cause="leak", part_id=None)
    send(floor, first, same_machine, same_crew, other_crew, later)
    assert "CNC-11 has MO-L1-00001" in receipts(floor, same_machine)[0].detail
    assert "the mechanic is at M-L1-011" in receipts(floor, same_crew)[0].detail
    assert statuses(floor, other_crew) == [ACCEPTED]
    assert statuses(floor, later) == [REFUSED]  # CNC-12 has the electrician until 4:30


def test_at_times_a_skill_is_not_there(open_plant: Callable[..., PlantFloor]) -> None:
    floor = open_plant()
    floor.systems[0].office._checks = replace(floor.systems[0].office._checks, absence=1.0)
    command = order()
    send(floor, command)
    assert "No mechanic in the shift" in receipts(floor, command)[0].detail


def test_an_inspection_takes_no_part(floor: PlantFloor) -> None:
    command = order(inspect_only=True, part_id=None, duration_s=1_200)
    send(floor, command)
    job = the_job(floor)
    assert job.inspect_only and job.kind is JobKind.INSPECTION and job.part_id is None


def test_a_cancel_waits_for_the_plant(floor: PlantFloor) -> None:
    command = order()
    take_back = cancel(command)
    send(floor, command)
    job = the_job(floor)
    send(floor, take_back)
    assert not receipts(floor, take_back)
    assert list(floor.requests()) == [JobCancel(job.job_id)]
    tell(floor, job, JobStatus.CANCELLED, NOW + MINUTE)
    assert statuses(floor, take_back) == [ACCEPTED]
    assert statuses(floor, command) == [ACCEPTED, CANCELLED]


def test_a_cancel_that_comes_too_late_is_refused(floor: PlantFloor) -> None:
    command = order()
    in_the_tick, afterwards = cancel(command), cancel(command)
    send(floor, command)
    job = the_job(floor)
    send(floor, in_the_tick)
    tell(floor, job, JobStatus.UNDER_WAY, NOW + 2 * HOUR)
    send(floor, afterwards)
    assert statuses(floor, in_the_tick) == [REFUSED]
    assert statuses(floor, afterwards) == [REFUSED]
    assert statuses(floor, command) == [ACCEPTED]


@pytest.mark.parametrize("make", [order, reservation, requisition])
def test_a_cancel_that_overtakes_its_order(floor: PlantFloor, make: Callable[[], Command]) -> None:
    command = make()
    take_back = cancel(command)
    send(floor, take_back, command)
    assert statuses(floor, take_back) == [ACCEPTED]
    assert statuses(floor, command) == [CANCELLED]
    assert not floor.requests()


def test_the_plant_is_asked_again_after_a_start(open_plant: Callable[..., PlantFloor]) -> None:
    command = order()
    before = open_plant()
    send(before, command)
    job = the_job(before)
    tell(before, job, JobStatus.DONE, NOW + 4 * HOUR, finding=Finding.DEGRADED)
    after = open_plant()
    after.plan(NOW + HOUR, NOW + HOUR + MINUTE)  # the plant fell back behind the end of the work
    assert [job.job_id for job in after.requests()] == [job.job_id]
    later = open_plant()
    later.plan(NOW + 5 * HOUR, NOW + 5 * HOUR + MINUTE)
    assert not later.requests()


def test_a_part_is_reserved_and_used_up(floor: PlantFloor) -> None:
    set_stock(floor, 2)
    command = reservation()
    send(floor, command, command)
    assert stock(floor) == (2, 1)
    at = NOW + 2 * HOUR
    assert floor.take_part(BEARING, 0, at, "c-1") == at
    assert floor.take_part(BEARING, 0, at + MINUTE, "c-1") == at  # asked again after a crash
    assert stock(floor) == (1, 0)
    assert statuses(floor, command) == [ACCEPTED, DONE]


def test_a_reservation_keeps_a_part_from_others(floor: PlantFloor) -> None:
    set_stock(floor, 1)
    send(floor, reservation())
    second = reservation()
    send(floor, second)
    assert "0 free" in receipts(floor, second)[0].detail
    at = NOW + HOUR
    assert floor.take_part(BEARING, 1, at, None) > at  # another machine gets it by express


def test_a_part_that_is_not_there_comes_by_express(floor: PlantFloor) -> None:
    set_stock(floor, 0)
    at = NOW + HOUR
    ready = floor.take_part(BEARING, 0, at, None)
    assert at + 3 * HOUR <= ready <= at + DAY
    assert stock(floor) == (0, 0)
    floor.erp.advance(NOW + 20 * DAY)
    assert stock(floor) == (2, 0)  # the express piece was used, the reordered ones are here


def test_a_requisition_is_delivered(floor: PlantFloor) -> None:
    set_stock(floor, 3)
    command = requisition(quantity=2)
    send(floor, command, command)
    assert "delivery expected" in receipts(floor, command)[0].detail
    floor.erp.advance(NOW + HOUR)
    assert stock(floor)[0] == 3
    floor.erp.advance(NOW + 9 * DAY)
    floor.erp.advance(NOW + 10 * DAY)
    assert stock(floor)[0] == 5
    assert statuses(floor, command) == [ACCEPTED, DONE]
    with floor.erp.records.read() as tx:
        kinds = select(erp.postings.c.kind).where(erp.postings.c.business_key == command.business_key)
        assert sorted(tx.execute(kinds).scalars()) == ["goods_receipt", "purchase_order"]


def test_erp_cancels(floor: PlantFloor) -> None:
    set_stock(floor, 3)
    reserve, buy, shipped, commit = (
        reservation(),
        requisition(),
        requisition(),
        requisition(queue="erp.finance"),
    )
    commands = [reserve, buy, shipped, commit]
    send(floor, *commands)
    early = [cancel(reserve), cancel(buy), cancel(commit)]
    send(floor, *early)
    set_clock(floor, NOW + 2 * DAY)
    late = [cancel(shipped), cancel(reserve)]
    send(floor, *late)
    assert [statuses(floor, command) for command in early] == [[ACCEPTED]] * 3
    assert [statuses(floor, command) for command in (reserve, buy, commit)] == [[ACCEPTED, CANCELLED]] * 3
    assert [statuses(floor, command) for command in late] == [[REFUSED]] * 2
    assert stock(floor) == (3, 0)
    floor.erp.advance(NOW + 9 * DAY)
    assert stock(floor)[0] == 4  # only what was not cancelled came


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (reservation(part_id="nothing"), "There is no part"),
        (reservation(quantity=21), "No more than 20"),
        (requisition(queue="erp.stock"), "does not take a requisition"),
        (reservation(queue="erp.procurement"), "does not take a reservation"),
    ],
)
def test_erp_refusals(floor: PlantFloor, command: Command, words: str) -> None:
    send(floor, command)
    (receipt,) = receipts(floor, command)
    assert receipt.status is REFUSED and words in receipt.detail


def test_the_budget_ends(floor: PlantFloor) -> None:
    commands = [requisition("PRT-CNC-ELECTRICAL", 20, "erp.finance") for _ in range(9)]
    send(floor, *commands)
    answers = [statuses(floor, command)[0] for command in commands]
    assert answers == [ACCEPTED] * 8 + [REFUSED]  # 8 x 20 x 1,520.00 of 250,000.00


@pytest.mark.parametrize(
    "poison",
    [
        b"",
        b"\x00\xff" * 50,
        b"{" * 1_000,
        b'{"ProcessJobOrder": {"ApplicationArea": {"BODID": 7}}}',
        b'{"ProcessJobOrder": {"ApplicationArea": {"BODID": "\\u0000"}}}',
        b'{"ProcessJobOrder": {"ApplicationArea": {"BODID": "\\ud800"}}}',
        b"x" * 1_000_000,
        b'["<script>alert(1)</script>"]',
    ],
)
def test_poison_is_parked(floor: PlantFloor, poison: bytes) -> None:
    for post in floor.posts:
        for queue in post.queues:
            post.take(queue, poison, NOW)
        with post.records.read() as tx:
            assert tx.execute(select(func.count()).select_from(post.tables.parked)).scalar() == len(
                post.queues
            )
        assert not post.unsent()


def test_poison_with_a_readable_id_is_refused(floor: PlantFloor) -> None:
    command = order()
    text = body(command).replace(b'"PT5400S"', b'"a while"')
    post = post_of(floor, "mes.line-1")
    post.take("mes.line-1", text, NOW)
    assert statuses(floor, command) == [REFUSED]


def test_a_message_for_another_queue_is_parked(floor: PlantFloor) -> None:
    command = order()
    post = post_of(floor, "mes.line-2")
    post.take("mes.line-2", body(command), NOW)
    (receipt,) = [decode_receipt(row.body) for row in post.unsent()]
    assert receipt.sender == "mes.line-2" and receipt.status is REFUSED
    assert isinstance(command.work, MaintenanceOrder) and command.work.equipment_id == CNC


def test_the_store_room_balances(floor: PlantFloor) -> None:
    set_stock(floor, 3)
    for number in range(12):
        at = NOW + number * 8 * HOUR
        floor.take_part(BEARING, number % 10, at, None)
        floor.erp.advance(at + HOUR)
    floor.erp.advance(NOW + 30 * DAY)
    with floor.erp.records.read() as tx:
        orders = tx.execute(select(erp.purchase_orders)).all()
        issued = tx.execute(select(func.count()).select_from(erp.issues)).scalar_one()
        kinds = Counter(tx.execute(select(erp.postings.c.kind)).scalars())
    reordered = sum(order.quantity for order in orders if order.origin == "reorder")
    express = sum(order.origin == "express" for order in orders)
    assert issued == kinds["goods_issue"] == 12
    assert express > 0 and reordered > 0
    assert kinds["purchase_order"] == kinds["goods_receipt"] == len(orders)
    assert stock(floor) == (3 + reordered - (12 - express), 0)
