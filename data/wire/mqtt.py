"""MQTT 3.1.1 and 5 on the wire, as far as a client at QoS 0 and 1 needs it.

`read` takes whole packets off the front of a buffer. A backlog consists of messages of a few lengths: their
first five bytes say where the topic, the number and the payload stand, so each such shape is worked out
once, and `struct` then takes a message apart in one call. What no server may send is Malformed('mqtt'): the
connection is then closed, as the standard demands. Properties of version 5 are skipped, none is sent
but the session's expiry.
"""

import struct
import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from domain.errors import Malformed

V3, V5 = 4, 5
MAX_PACKET = 16 * 1024 * 1024
FOR_EVER_S = 0xFFFFFFFF
PING, DISCONNECT = b"\xc0\x00", b"\xe0\x00"
_CONNACK, _PUBLISH, _PUBACK, _SUBACK, _UNSUBACK, _PINGRESP, _DISCONNECT = 2, 3, 4, 9, 11, 13, 14
_PUBACK_OF = 0x40020000  # the four bytes of a PUBACK, but for the number
_PLAIN = 0x32  # a PUBLISH at QoS 1, neither repeated nor retained
_HEAD = 5  # bytes: of the packet, its length (one or two) and the topic's
_MAX_SHAPES = 4_096
_RECEIVE_MAXIMUM = b"\x21"
_EXPIRY = b"\x11"
_new = tuple.__new__  # what the class would call, without the call in between


class Publish(NamedTuple):
    """An application message; `mid` 0 needs no acknowledgement."""

    topic: bytes
    payload: bytes
    mid: int
    retain: bool


Plain = tuple[bytes, int, bytes]
"""(topic, mid, payload) of a message of 3.1.1 at QoS 1, neither repeated nor retained: what a backlog
consists of, without the class."""


class Answer(NamedTuple):
    """CONNACK, SUBACK, PUBACK, PINGRESP or DISCONNECT: `codes` of 0x80 and more are refusals (and any but
    0 in the CONNACK of version 3.1.1)."""

    kind: str
    mid: int = 0
    codes: tuple[int, ...] = ()


Packet = Publish | Answer | Plain


class Will(NamedTuple):
    """What the server publishes at QoS 1 when we are gone."""

    topic: str
    payload: bytes
    retain: bool = True


class Hello(NamedTuple):
    """Who connects, and how. Without `clean` the session outlives the connection."""

    client_id: str
    keepalive_s: int
    clean: bool
    username: str = ""
    password: str = ""
    will: Will | None = None
    version: int = V3
    receive_maximum: int = 65_535


def connect(hello: Hello) -> bytes:
    """CONNECT."""
    five = hello.version == V5
    flags = (
        2 * hello.clean
        | (0x0C | 0x20 * hello.will.retain if hello.will else 0)
        | (0x80 if hello.username else 0)
    )
    flags |= 0x40 if hello.username and hello.password else 0
    body = [_text("MQTT"), struct.pack(">BBH", hello.version, flags, hello.keepalive_s)]
    if five:
        expiry = b"" if hello.clean else _EXPIRY + struct.pack(">I", FOR_EVER_S)
        body.append(_counted(expiry + _RECEIVE_MAXIMUM + struct.pack(">H", hello.receive_maximum)))
    body.append(_text(hello.client_id))
    if hello.will:
        body += [b"\x00" if five else b"", _text(hello.will.topic), _binary(hello.will.payload)]
    if hello.username:
        body += [_text(hello.username), _text(hello.password) if hello.password else b""]
    return _packet(0x10, b"".join(body))


def subscribe(mid: int, filters: Sequence[tuple[str, int]], version: int = V3) -> bytes:
    """SUBSCRIBE to (filter, QoS)."""
    wanted = b"".join(_text(found) + bytes([qos]) for found, qos in filters)
    return _packet(0x82, struct.pack(">H", mid) + (b"\x00" if version == V5 else b"") + wanted)


def unsubscribe(mid: int, filters: Sequence[str], version: int = V3) -> bytes:
    """UNSUBSCRIBE."""
    wanted = b"".join(_text(found) for found in filters)
    return _packet(0xA2, struct.pack(">H", mid) + (b"\x00" if version == V5 else b"") + wanted)


def publish(topic: str, payload: bytes, *, mid: int = 0, retain: bool = False, version: int = V3) -> bytes:
    """PUBLISH at QoS 1, or 0 when `mid` is 0."""
    head = _text(topic) + (struct.pack(">H", mid) if mid else b"") + (b"\x00" if version == V5 else b"")
    return _packet(0x30 | 2 * bool(mid) | retain, head + payload)


def pubacks(mids: Iterable[int]) -> bytes:
    """A PUBACK for each, the same in both versions."""
    found = array("I", [_PUBACK_OF | mid for mid in mids])
    if sys.byteorder == "little":
        found.byteswap()
    return found.tobytes()


def read(data: bytes, at: int, most: int, version: int = V3) -> tuple[list[Packet], int]:
    """The whole packets from `at` on, `most` at most, and where the next one begins.

    Raises Malformed('mqtt').
    """
    found: list[Packet] = []
    end, five = len(data), version == V5
    while end - at >= 2 and len(found) < most:
        head, length, begin = data[at], data[at + 1], at + 2
        plain = head == _PLAIN and not five
        if plain and (behind := _backlog(data, at, most - len(found), found.append)) > at:
            at = behind
            continue
        if length > 127:
            length, begin = _long(data, at + 1)
            if not begin:
                break
        stop = begin + length
        if stop > end:
            break
        if plain:
            found.append(_first(data, at, begin, stop))
        elif head >> 4 == _PUBLISH:
            found.append(_publish(data, head, begin, stop, five))
        else:
            found.append(_answer(head, data[begin:stop], five))
        at = stop
    return found, at


_shapes: dict[bytes, tuple[Callable[[bytes, int], Plain], int]] = {}


def _backlog(data: bytes, at: int, most: int, add: Callable[[Plain], None]) -> int:
    """Add the plain messages that stand one behind the other, as far as their shapes are known."""
    shape = _shapes.get
    try:
        for _ in repeat(None, most):
            known = shape(data[at : at + _HEAD])
            if known is None:
                break
            apart, size = known
            found = apart(data, at)
            if not found[1]:
                break  # a number that is none: `_publish` says so
            add(found)
            at += size
    except struct.error:
        pass  # the last one is not whole yet
    return at


def _first(data: bytes, at: int, begin: int, stop: int) -> Plain:
    """A plain message whose shape is not known yet: it is from now on, unless it is a long one."""
    topic, payload, mid, _ = _publish(data, _PLAIN, begin, stop, five=False)
    if begin - at <= 3:  # else the topic's length stands behind the head
        if len(_shapes) >= _MAX_SHAPES:
            _shapes.clear()
        apart: Any = struct.Struct(f">{begin - at + 2}x{len(topic)}sH{len(payload)}s").unpack_from
        _shapes[data[at : at + _HEAD]] = apart, stop - at
    return topic, mid, payload


def _publish(view: bytes, head: int, at: int, stop: int, five: bool) -> Publish:
    qos = head >> 1 & 3
    if qos > 1 or stop - at < 2:
        raise Malformed("mqtt", "a PUBLISH that was not asked for")
    name = at + 2
    at = name + (view[at] << 8 | view[at + 1])
    topic, mid = view[name:at], 0
    if qos:
        mid = int.from_bytes(view[at : at + 2], "big")
        at += 2
        if not mid:
            raise Malformed("mqtt", "a PUBLISH without its number")
    if five:
        at = _skip(view, at, stop)
    if at > stop or not topic:
        raise Malformed("mqtt", "a PUBLISH cut short")
    return _new(Publish, (topic, view[at:stop], mid, head & 1 == 1))


def _answer(head: int, body: bytes, five: bool) -> Answer:
    kind = head >> 4
    if kind == _PINGRESP:
        return Answer("pong")
    if kind == _CONNACK and len(body) >= 2:
        return Answer("connack", 0, (body[1],))
    if kind == _PUBACK and len(body) >= 2:
        return Answer("puback", int.from_bytes(body[:2], "big"), tuple(body[2:3]))
    if kind == _SUBACK and len(body) >= 3:
        at = _skip(body, 2, len(body)) if five else 2
        return Answer("suback", int.from_bytes(body[:2], "big"), tuple(body[at:]))
    if kind == _UNSUBACK and len(body) >= 2:
        return Answer("unsuback", int.from_bytes(body[:2], "big"))
    if kind == _DISCONNECT and five:
        return Answer("disconnect", 0, tuple(body[:1]))
    raise Malformed("mqtt", f"a packet of kind {kind} with {len(body)} bytes")


def _skip(view: bytes, at: int, stop: int) -> int:
    """Behind the properties."""
    if at >= stop:
        raise Malformed("mqtt", "no properties")
    length, begin = (view[at], at + 1) if view[at] < 128 else _long(view, at)
    if not begin or begin + length > stop:
        raise Malformed("mqtt", "properties cut short")
    return begin + length


def _long(view: bytes, at: int) -> tuple[int, int]:
    """A variable length of several bytes and where it ends; (0, 0) while it is not whole."""
    length = 0
    for place in range(4):
        if at + place >= len(view):
            return 0, 0
        byte = view[at + place]
        length |= (byte & 127) << 7 * place
        if byte < 128:
            if length > MAX_PACKET:
                raise Malformed("mqtt", f"a packet of {length} bytes")
            return length, at + place + 1
    raise Malformed("mqtt", "a length of five bytes")


def _packet(head: int, body: bytes) -> bytes:
    return bytes([head]) + _counted(body)


def _counted(body: bytes) -> bytes:
    length, out = len(body), bytearray()
    if length >= 1 << 28:
        raise ValueError("a packet that is too long")
    while True:
        length, low = divmod(length, 128)
        out.append(low | (128 if length else 0))
        if not length:
            return bytes(out) + body


def _text(text: str) -> bytes:
    return _binary(text.encode())


def _binary(data: bytes) -> bytes:
    if len(data) > 65_535:
        raise ValueError("a text that is too long for MQTT")
    return struct.pack(">H", len(data)) + data
