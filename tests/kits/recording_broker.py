"""A server that speaks just enough MQTT 3.1.1 to write down what a client sends, packet by packet."""

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass

CONNECT, PUBLISH, SUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 8, 12, 14


@dataclass(frozen=True)
class Sent:
    """One packet of the client. For CONNECT `topic`, `payload`, `qos` and `retain` are those of the will."""

    kind: int
    topic: str = ""
    payload: bytes = b""
    qos: int = 0
    retain: bool = False
    clean: bool = False
    level: int = 0
    topics: tuple[tuple[str, int], ...] = ()


class RecordingBroker:
    """Accepts one client at a time; `sent` is everything that it sent, in order."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"mqtt://127.0.0.1:{self._server.getsockname()[1]}"
        self._client: socket.socket | None = None
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Deliver a message at QoS 0."""
        assert self._client is not None
        self._client.sendall(_packet(0x30 | retain, _text(topic) + payload))

    def drop(self) -> None:
        """Cut the connection."""
        if self._client is not None:
            with contextlib.suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.drop()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._server.close()

    def published(self) -> list[Sent]:
        return [packet for packet in self.sent if packet.kind == PUBLISH]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._client, _ = self._server.accept()
                self._serve(self._client)

    def _serve(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as stream, contextlib.suppress(OSError, EOFError):
            while True:
                head, body = _read(stream)
                self._answer(client, head, body)

    def _answer(self, client: socket.socket, head: int, body: bytes) -> None:
        kind = head >> 4
        if kind == CONNECT:
            self.sent.append(_connect(body))
            client.sendall(b"\x20\x02\x00\x00")
        elif kind == SUBSCRIBE:
            topics = tuple(_filters(body[2:]))
            self.sent.append(Sent(SUBSCRIBE, topics=topics))
            client.sendall(_packet(0x90, body[:2] + bytes(qos for _, qos in topics)))
        elif kind == PUBLISH:
            qos = head >> 1 & 3
            topic, rest = _take(body)
            if qos:
                client.sendall(b"\x40\x02" + rest[:2])
            payload = rest[2:] if qos else rest
            self.sent.append(Sent(PUBLISH, topic.decode(), payload, qos, bool(head & 1)))
        elif kind == PINGREQ:
            client.sendall(b"\xd0\x00")
        else:
            self.sent.append(Sent(kind))


def _connect(body: bytes) -> Sent:
    _, rest = _take(body)
    level, flags = rest[0], rest[1]
    _, rest = _take(rest[4:])
    topic, payload = b"", b""
    if flags & 4:
        topic, rest = _take(rest)
        payload, rest = _take(rest)
    return Sent(CONNECT, topic.decode(), payload, flags >> 3 & 3, bool(flags & 32), bool(flags & 2), level)


def _filters(body: bytes):
    while body:
        topic, body = _take(body)
        yield topic.decode(), body[0]
        body = body[1:]


def _take(data: bytes) -> tuple[bytes, bytes]:
    (size,) = struct.unpack_from(">H", data)
    return data[2 : 2 + size], data[2 + size :]


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def _packet(head: int, body: bytes) -> bytes:
    size, length = len(body), bytearray()
    while True:
        size, digit = size >> 7, size & 127
        length.append(digit | (128 if size else 0))
        if not size:
            return bytes([head]) + bytes(length) + body


def _read(stream) -> tuple[int, bytes]:
    head = stream.read(1)
    if not head:
        raise EOFError
    size = shift = 0
    while True:
        digit = stream.read(1)[0]
        size |= (digit & 127) << shift
        shift += 7
        if digit < 128:
            return head[0], stream.read(size)
