"""MQTT on the wire: what is written can be read back, and what no server may send is refused."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.wire import mqtt
from data.wire.mqtt import V3, V5, Answer, Hello, Publish, Will
from domain.errors import Malformed


def sent(topic: bytes, payload: bytes, mid: int = 0, version: int = V3, properties: bytes = b"") -> bytes:
    """A PUBLISH as a server sends it."""
    body = struct.pack(">H", len(topic)) + topic + (struct.pack(">H", mid) if mid else b"")
    body += (bytes([len(properties)]) + properties if version == V5 else b"") + payload
    return bytes([0x30 | 2 * bool(mid)]) + mqtt._counted(body)


@pytest.mark.parametrize("version", [V3, V5])
@pytest.mark.parametrize("size", [0, 1, 100, 127, 128, 20_000, 3_000_000])
def test_messages_of_any_size_are_read_wherever_the_stream_is_cut(version: int, size: int) -> None:
    body = b"x" * size
    first = (b"uns/a", 7, body) if version == V3 else Publish(b"uns/a", body, 7, False)
    wanted = [first, Publish(b"t", b"", 0, False)]
    stream = sent(b"uns/a", b"x" * size, 7, version, b"\x23\x00\x01" if version == V5 else b"") + sent(
        b"t", b"", 0, version
    )
    for cut in {0, 1, 2, 3, 5, len(stream) // 2, len(stream) - 1}:
        found, at = mqtt.read(stream[:cut], 0, 99, version)
        more, end = mqtt.read(stream, at, 99, version)
        assert [*found, *more] == wanted
        assert end == len(stream)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=4), st.integers(1, 65_535), st.binary(max_size=140))),
    st.integers(0, 60),
    st.integers(1, 9),
)
def test_a_backlog_is_read_as_it_was_sent_whatever_its_shapes(sent_, step, most) -> None:
    stream = b"".join(sent(topic, payload, mid) for topic, mid, payload in sent_)
    found: list[mqtt.Packet] = []
    at = end = 0
    while at < len(stream):
        more, at = mqtt.read(stream[:end], at, most)
        assert len(more) <= most
        found += more
        end += 0 if more else 1 + step
    assert found == sent_


def test_a_shape_that_is_known_does_not_hide_what_no_server_may_send() -> None:
    good, bad = sent(b"uns/a", b"one", 7), b"\x32\x0c\x00\x05uns/a\x00\x00two"
    assert mqtt.read(good * 2, 0, 9) == ([(b"uns/a", 7, b"one")] * 2, 2 * len(good))
    with pytest.raises(Malformed):
        mqtt.read(good + bad, 0, 9)


def test_no_more_shapes_are_kept_than_the_room_for_them() -> None:
    for length in range(1, 3_000):
        packets = [sent(b"t" * length, b"x" * size, 7) for size in (length, length + 1)]
        assert len(mqtt.read(b"".join(packets), 0, 9)[0]) == 2
    assert len(mqtt._shapes) <= mqtt._MAX_SHAPES


def test_no_more_than_asked_for_is_read() -> None:
    stream = b"".join(sent(b"t", b"%d" % n) for n in range(10))
    found, at = mqtt.read(stream, 0, 4)
    rest, end = mqtt.read(stream, at, 99)
    assert [int(one.payload) for one in (*found, *rest) if isinstance(one, Publish)] == list(range(10))
    assert (len(found), end) == (4, len(stream))


@pytest.mark.parametrize(
    ("packet", "version", "wanted"),
    [
        (b"\x20\x02\x00\x00", V3, Answer("connack", 0, (0,))),
        (b"\x20\x02\x00\x05", V3, Answer("connack", 0, (5,))),
        (b"\x20\x03\x00\x87\x00", V5, Answer("connack", 0, (0x87,))),
        (b"\x90\x04\x00\x01\x01\x80", V3, Answer("suback", 1, (1, 0x80))),
        (b"\x90\x04\x00\x01\x00\x01", V5, Answer("suback", 1, (1,))),
        (b"\x40\x02\x00\x09", V3, Answer("puback", 9, ())),
        (b"\x40\x03\x00\x09\x10", V5, Answer("puback", 9, (0x10,))),
        (b"\xd0\x00", V3, Answer("pong")),
        (b"\xe0\x01\x8e", V5, Answer("disconnect", 0, (0x8E,))),
    ],
)
def test_answers(packet: bytes, version: int, wanted: Answer) -> None:
    assert mqtt.read(packet, 0, 9, version) == ([wanted], len(packet))


@pytest.mark.parametrize(
    "packet",
    [
        b"\x34\x05\x00\x01t\x00\x01",  # QoS 2 was not asked for
        b"\x32\x05\x00\x01t\x00\x00",  # number 0
        b"\x30\x03\x00\x09t",  # a topic longer than the packet
        b"\x30\x02\x00\x00",  # no topic
        b"\x30\x01\x00",
        b"\x00\x00",
        b"\x10\x00",  # a server sends no CONNECT
        b"\xe0\x00",  # nor, in 3.1.1, a DISCONNECT
        b"\x30\xff\xff\xff\xff\x01",
        b"\x30\xff\xff\xff\x7f",  # 256 MiB
        b"\x20\x00",
        b"\x90\x02\x00\x01",
    ],
)
def test_what_no_server_may_send_is_malformed(packet: bytes) -> None:
    with pytest.raises(Malformed):
        mqtt.read(packet, 0, 9)


@pytest.mark.parametrize("packet", [b"\x30\x04\x00\x01t\x09", b"\x30\x03\x00\x01t"])
def test_properties_that_lie_are_malformed(packet: bytes) -> None:
    with pytest.raises(Malformed):
        mqtt.read(packet, 0, 9, V5)


def test_connect_says_who_and_how_in_both_versions() -> None:
    will = Will("state", b"gone")
    three = mqtt.connect(Hello("a", 30, True, "u", "p", will))
    assert (
        three == b"\x10\x20\x00\x04MQTT\x04\xee\x00\x1e\x00\x01a\x00\x05state\x00\x04gone\x00\x01u\x00\x01p"
    )
    five = mqtt.connect(Hello("a", 30, False, version=V5, receive_maximum=10))
    assert five == b"\x10\x16\x00\x04MQTT\x05\x00\x00\x1e\x08\x11\xff\xff\xff\xff\x21\x00\x0a\x00\x01a"
    assert mqtt.connect(Hello("a", 30, True, will=Will("t", b"x", retain=False)))[9] == 0x0E


def test_what_is_sent_is_bytes_by_the_standard() -> None:
    assert mqtt.subscribe(3, [("a/#", 1)]) == b"\x82\x08\x00\x03\x00\x03a/#\x01"
    assert mqtt.subscribe(3, [("a/#", 1)], V5) == b"\x82\x09\x00\x03\x00\x00\x03a/#\x01"
    assert mqtt.publish("t", b"x") == b"\x30\x04\x00\x01tx"
    assert mqtt.publish("t", b"x", mid=258, retain=True) == b"\x33\x06\x00\x01t\x01\x02x"
    assert mqtt.publish("t", b"x", version=V5) == b"\x30\x05\x00\x01t\x00x"
    assert mqtt.pubacks([1, 65_535]) == b"\x40\x02\x00\x01\x40\x02\xff\xff"
    with pytest.raises(ValueError, match="long"):
        mqtt.publish("t" * 70_000, b"")
