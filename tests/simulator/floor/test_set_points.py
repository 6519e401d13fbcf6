"""Set points that the MES is asked to move: once, inside its own limits, and production is set by them."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from data.wire.orders import decode_receipt
from domain.clock import HOUR
from domain.ids import new_id
from domain.messages import Cancel, Command, CommandKind, Receipt, ReceiptStatus, SetPointChange
from simulator.floor import PlantFloor
from simulator.layout import Layout
from simulator.mes import schema as mes
from simulator.mes.settings import recipe
from simulator.physics.process import SETTINGS
from tests.simulator.floor.conftest import NOW, body

ACCEPTED, REFUSED = ReceiptStatus.ACCEPTED, ReceiptStatus.REFUSED
DONE, CANCELLED = ReceiptStatus.DONE, ReceiptStatus.CANCELLED
LINE = 1  # the presses


def asked(layout: Layout, place: int = 0, by: float = 0.5, **changes: object) -> Command:
    """The first setting of the first press moved by so many reaches, for the line's product of a place."""
    line = layout.lines[LINE]
    unit, product = layout.units[line.units[0]], layout.products[line.products[place]]
    setting = SETTINGS[line.machine_type][0]
    first = recipe(setting, product, unit.machine_type)
    change = SetPointChange(
        unit.equipment_id, product.product_id, setting.name, setting.unit, first, first + by * setting.reach
    )
    change = replace(change, **changes)  # type: ignore[arg-type]
    key = f"CASE-{place}-SET-POINT-{by}"
    return Command(new_id(), "mes.line-2", key, CommandKind.SET_POINT_CHANGE, change, created_us=NOW)


def send(floor: PlantFloor, *commands: Command) -> None:
    for command in commands:
        floor.systems[LINE].office.post.take(command.queue, body(command), floor.now_us)


def receipts(floor: PlantFloor, command: Command) -> list[Receipt]:
    found = [decode_receipt(row.body) for row in floor.systems[LINE].office.post.unsent(1_000)]
    return [receipt for receipt in found if receipt.command_id == command.command_id]


def statuses(floor: PlantFloor, command: Command) -> list[ReceiptStatus]:
    return [receipt.status for receipt in receipts(floor, command)]


def recipes(floor: PlantFloor) -> dict[str, float]:
    with floor.systems[LINE].records.read() as tx:
        r = mes.recipes.c
        return {row.product_no: row.set_point for row in tx.execute(select(r.product_no, r.set_point))}


def value(command: Command) -> float:
    assert isinstance(command.work, SetPointChange)
    return command.work.to_value


def test_it_stands_in_the_recipe_once_however_often_it_comes(floor: PlantFloor, layout: Layout) -> None:
    command = asked(layout)
    send(floor, command, command)
    again = replace(command, command_id=new_id())
    send(floor, again)
    assert statuses(floor, command) == [ACCEPTED] and statuses(floor, again) == [REFUSED]
    assert list(recipes(floor).values()) == [value(command)]
    with floor.systems[LINE].records.read() as tx:
        (entry,) = tx.execute(select(mes.ledger)).all()
    assert (entry.kind, entry.business_key) == ("set_point_change", command.business_key)


@pytest.mark.parametrize(
    ("changes", "by", "words"),
    [
        ({}, 1.6, "This system takes"),
        ({}, -1.6, "This system takes"),
        ({"from_value": 1.0}, 0.5, "The set point is"),
        ({"equipment_id": "north/machining/line-1/cnc-11"}, 0.5, "is no machine of"),
        ({"product_id": "P-999"}, 0.5, "does not make P-999"),
        ({"parameter": "soak_time"}, 0.5, "has no setting soak_time"),
        ({"unit": "N"}, 0.5, "has no setting"),
    ],
)
def test_what_the_mes_cannot_or_must_not_do_is_refused_in_words(
    floor: PlantFloor, layout: Layout, changes: dict[str, object], by: float, words: str
) -> None:
    command = asked(layout, by=by, **changes)
    send(floor, command)
    (answer,) = receipts(floor, command)
    assert answer.status is REFUSED and words in answer.detail
    assert recipes(floor) == {}


def run_until_used(floor: PlantFloor, *commands: Command) -> Command:
    """Orders begin until one is set by what was asked for; the command behind it."""
    for hour in range(72):
        floor.plan(NOW + hour * HOUR, NOW + (hour + 1) * HOUR)
        floor.flush()
        used = [command for command in commands if DONE in statuses(floor, command)]
        if used:
            return used[0]
    raise AssertionError("no order began")


def test_production_is_set_by_it_and_then_it_is_done(floor: PlantFloor, layout: Layout) -> None:
    every = [asked(layout, place) for place in range(len(layout.lines[LINE].products))]
    send(floor, *every)
    used = run_until_used(floor, *every)
    assert statuses(floor, used) == [ACCEPTED, DONE]
    assert isinstance(used.work, SetPointChange)
    with floor.systems[LINE].records.read() as tx:
        v, o = mes.process_values.c, mes.operations.c
        query = select(v.set_point).join_from(
            mes.process_values, mes.operations, o.operation_no == v.operation_no
        )
        mine = (v.setting == used.work.parameter) & (o.product_no == used.work.product_id)
        points = tx.execute(query.where(mine).order_by(v.machine_id)).scalars().all()
    assert points[0] == value(used) and set(points[1:]) == {used.work.from_value}  # of one press only
    floor.flush()
    assert statuses(floor, used) == [ACCEPTED, DONE]
    send(floor, back := taken_back(used))
    assert statuses(floor, back) == [REFUSED] and recipes(floor)[used.work.product_id] == value(used)


def taken_back(command: Command) -> Command:
    work = Cancel(command.command_id, "changed our mind")
    return Command(new_id(), command.queue, f"cancel|{command.command_id}", CommandKind.CANCEL, work)


def test_before_an_order_is_set_by_it_it_can_be_taken_back(floor: PlantFloor, layout: Layout) -> None:
    command = asked(layout)
    assert isinstance(command.work, SetPointChange)
    send(floor, command, back := taken_back(command))
    assert statuses(floor, command) == [ACCEPTED, CANCELLED] and statuses(floor, back) == [ACCEPTED]
    assert recipes(floor) == {command.work.product_id: command.work.from_value}
    late = asked(layout, by=0.6)
    send(floor, taken_back(late), late)
    assert statuses(floor, late) == [CANCELLED]
    assert recipes(floor) == {command.work.product_id: command.work.from_value}


def test_one_that_was_moved_again_is_not_taken_back(floor: PlantFloor, layout: Layout) -> None:
    first = asked(layout)
    send(floor, first)
    second = asked(layout, by=0.7, from_value=value(first))
    send(floor, second, back := taken_back(first))
    assert statuses(floor, second) == [ACCEPTED] and statuses(floor, back) == [REFUSED]
    assert list(recipes(floor).values()) == [value(second)]
