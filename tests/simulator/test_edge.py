"""Edge nodes and JSON devices, message by message."""

from typing import Any

import pytest

from data.wire import json_topics, sparkplug, sparkplug_topics
from data.wire.sparkplug import Metric, Payload
from data.wire.sparkplug_topics import MessageType
from simulator.edge import EdgeNode, Message
from simulator.json_devices import JsonDevices, message
from simulator.ledger import Ledger
from simulator.readout import METRICS, Reading

DEVICES = ("cnc-11", "cnc-13")


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def node(ledger: Ledger) -> EdgeNode:
    return EdgeNode("north", "line-1", DEVICES, ledger, buffer=5)


def reading(at_ms: int, value: float = 41.5) -> Reading:
    return Reading(at_ms, (value, None, *(float(k) for k in range(9)), 6, 1, 100, 2, 12.5))


def state(online: bool, at_ms: int) -> bytes:
    return sparkplug_topics.encode_state(sparkplug_topics.State(online, at_ms))


def rebirth() -> bytes:
    return sparkplug.rebirth_request(1)


def kinds(found: list[Message]) -> list[str]:
    return [sparkplug_topics.parse_topic(m.topic).kind.value for m in found]


def payloads(found: list[Message]) -> list[Payload]:
    return [sparkplug.decode(m.payload) for m in found]


def go_online(node: EdgeNode, at_ms: int = 1_000) -> list[Message]:
    node.on_connected()
    node.on_state(state(True, at_ms), at_ms)
    return node.take_out()


def test_nothing_is_said_before_the_host_is_there(node: EdgeNode) -> None:
    node.on_connected()
    node.take("cnc-11", reading(1_000))
    node.resend()

    assert node.take_out() == []


def test_births_define_every_metric_with_type_and_alias(node: EdgeNode) -> None:
    node.take("cnc-11", reading(900))
    found = go_online(node)

    assert kinds(found) == ["NBIRTH", "DBIRTH", "DBIRTH"]
    node_birth, first, second = payloads(found)
    assert [p.seq for p in (node_birth, first, second)] == [0, 1, 2]
    assert {m.name for m in node_birth.metrics} == {sparkplug.BD_SEQ, sparkplug.REBIRTH}
    assert [(m.name, m.alias, m.datatype) for m in first.metrics] == [
        (c.name, c.alias, c.datatype) for c in METRICS
    ]
    assert first.metrics[0].value == pytest.approx(41.5)
    assert first.metrics[1].is_null
    assert all(m.is_null for m in second.metrics)


def test_data_carry_aliases_and_one_sequence(node: EdgeNode) -> None:
    go_online(node)
    for step in range(300):
        node.take(DEVICES[step % 2], reading(2_000 + step))
    found = node.take_out()

    assert set(kinds(found)) == {"DDATA"}
    assert [p.seq for p in payloads(found)] == [(3 + k) % 256 for k in range(300)]
    metrics = payloads(found)[0].metrics
    assert not any(m.name for m in metrics)
    assert 2 not in {m.alias for m in metrics}  # the sensor that said nothing
    assert not any(m.is_historical for m in metrics)


def test_what_waited_is_resent_as_history_in_order_and_overflow_is_counted(
    node: EdgeNode, ledger: Ledger
) -> None:
    for step in range(8):
        node.take("cnc-11", reading(100 + step))
    go_online(node, 5_000)
    node.resend()
    found = payloads(node.take_out())

    assert [p.timestamp_ms for p in found] == [103, 104, 105, 106, 107]
    assert all(m.is_historical for p in found for m in p.metrics)
    account = ledger.account("north/line-1/cnc-11")
    assert (account.made, account.sent, account.historical, account.dropped) == (8, 5, 5, 3)
    assert (account.first_ms, account.last_ms) == (103, 107)


def test_new_readings_queue_behind_the_buffer(node: EdgeNode) -> None:
    node.take("cnc-11", reading(100))
    go_online(node, 5_000)
    node.take("cnc-11", reading(6_000))
    node.resend()
    found = payloads(node.take_out())

    assert [(p.timestamp_ms, p.metrics[0].is_historical) for p in found] == [(100, True), (6_000, False)]


def test_the_node_leaves_with_its_host_and_comes_back_with_the_next_session(node: EdgeNode) -> None:
    go_online(node)
    node.on_state(state(False, 2_000), 2_000)
    found = node.take_out()

    assert kinds(found) == ["NDEATH"]
    assert node.leave
    first = payloads(found)[0].metrics[0].value
    node.on_disconnected()
    node.leave = False
    node.take("cnc-11", reading(2_500))
    assert node.take_out() == []
    births = go_online(node, 3_000)
    assert payloads(births)[0].metrics[0].value == (int(first or 0) + 1) % 256
    will = sparkplug.decode(node.will(3_000).payload)
    assert will.seq is None
    assert will.metrics[0].value == node.bd_seq


def test_an_older_state_message_changes_nothing(node: EdgeNode) -> None:
    go_online(node, 5_000)
    node.on_state(state(False, 4_000), 6_000)

    assert node.online
    assert node.take_out() == []


@pytest.mark.parametrize("garbage", [b"", b"{}", b'{"online": 1, "timestamp": 2}', b"\xff\xfe"])
def test_garbage_from_the_host_is_ignored(node: EdgeNode, garbage: bytes) -> None:
    node.on_connected()
    node.on_state(garbage, 1_000)
    node.on_command(garbage, 1_000)

    assert not node.online
    assert node.take_out() == []


def test_a_rebirth_request_brings_all_births_again(node: EdgeNode) -> None:
    go_online(node)
    node.take("cnc-11", reading(2_000))
    node.take_out()
    node.on_command(rebirth(), 3_000)

    assert kinds(node.take_out()) == ["NBIRTH", "DBIRTH", "DBIRTH"]


def test_no_other_command_moves_a_machine(node: EdgeNode) -> None:
    go_online(node)
    other = Metric("Speed", None, 1, sparkplug.DataType.INT32, 5)
    node.on_command(sparkplug.encode(Payload(1, None, (other,))), 3_000)

    assert node.take_out() == []
    assert MessageType.NCMD.value not in kinds(node.take_out())


def test_json_messages_are_numbered_and_left_out_values_are_not_there(ledger: Ledger) -> None:
    devices = JsonDevices(ledger)
    name = "north/machining/line-1/cnc-12"
    devices.take(name, reading(1_000))
    devices.take(name, reading(2_000))
    first, second = devices.next(), devices.next()

    assert first is not None
    assert second is not None
    sent = message(second)
    assert sent.topic == f"uns/{name}/telemetry"
    assert sent.qos == 1
    told = json_topics.decode(sent.payload)
    assert (told.ts_ms, told.seq) == (2_000, 1)
    assert told.values["temperature"] == 41.5
    assert told.values["state"] == 6
    assert "ambient_temperature" not in told.values


def test_the_json_buffer_is_bounded_and_says_what_it_lost(ledger: Ledger) -> None:
    devices = JsonDevices(ledger, buffer=3)
    for step in range(5):
        devices.take("a", reading(step))
    left: list[Any] = []
    while (waiting := devices.next()) is not None:
        left.append(waiting.at_ms)
        devices.sent(waiting)

    account = ledger.account("a")
    assert left == [2, 3, 4]
    assert (account.made, account.sent, account.dropped) == (5, 3, 2)
