"""MQTT 3.1.1 and 5 on the wire, as far as a client at QoS 0 and 1 needs it.

`read` takes whole packets off the front of a buffer. What no server may send is Malformed('mqtt'): the
connection is then closed, as the standard demands. Properties of version 5 are skipped, none is sent
but the session's expiry.
"""

import struct
import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from domain.errors import Malformed

V3, V5 = 4, 5
MAX_PACKET = 16 * 1024 * 1024
FOR_EVER_S = 0xFFFFFFFF
PING, DISCONNECT = b"\xc0\x00", b"\xe0\x00"
_CONNACK, _PUBLISH, _PUBACK, _SUBACK, _UNSUBACK, _PINGRESP, _DISCONNECT = 2, 3, 4, 9, 11, 13, 14
_PUBACK_OF = 0x40020000  # the four bytes of a PUBACK, but for the number
_PLAIN = 0x32  # a PUBLISH at QoS 1, neither repeated nor retained
_RECEIVE_MAXIMUM = b"\x21"
_EXPIRY = b"\x11"
_new = tuple.__new__  # what the class would call, without the call in between


class Publish(NamedTuple):
    """An application message; `mid` 0 needs no acknowledgement."""

    topic: bytes
    payload: bytes
    mid: int
    retain: bool


class Answer(NamedTuple):
    """CONNACK, SUBACK, PUBACK, PINGRESP or DISCONNECT: `codes` of 0x80 and more are refusals (and any but
    0 in the CONNACK of version 3.1.1)."""

    kind: str
    mid: int = 0
    codes: tuple[int, ...] = ()


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


def read(
    data: bytes | bytearray, at: int, most: int, version: int = V3
) -> tuple[list[Publish | Answer], int]:
    """The whole packets from `at` on, `most` at most, and where the next one begins.

    Raises Malformed('mqtt').
    """
    found: list[Publish | Answer] = []
    add, end, five = found.append, len(data), version == V5
    view = bytes(data)
    while end - at >= 2 and len(found) < most:
        head, length, begin = view[at], view[at + 1], at + 2
        if length > 127:
            length, begin = _long(view, at + 1)
            if not begin:
                break
        stop = begin + length
        if stop > end:
            break
        if head == _PLAIN and not five:
            # Written out: what a backlog consists of. `_publish` finds the same, and says what is wrong.
            name = begin + 2
            body = name + (view[begin] << 8 | view[name - 1]) + 2 if length > 1 else stop + 1
            if name < body - 2 and body <= stop and (mid := view[body - 2] << 8 | view[body - 1]):
                add(_new(Publish, (view[name : body - 2], view[body:stop], mid, False)))
            else:
                add(_publish(view, head, begin, stop, five))
        elif head >> 4 == _PUBLISH:
            add(_publish(view, head, begin, stop, five))
        else:
            add(_answer(head, view[begin:stop], five))
        at = stop
    return found, at


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
