"""One MQTT connection over a socket that never blocks once it is open. One thread drives it."""

import contextlib
import os
import select
import socket
import ssl
import time
from collections.abc import Sequence

from data.wire import mqtt
from data.wire.mqtt import Answer, Hello, Packet
from domain.errors import Malformed, Unavailable

CONNECT_S = 5.0
CHUNK = 256 * 1024
MAX_UNSENT = 4 * 1024 * 1024
_WAIT = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError, InterruptedError)


class Connection:
    """Opened by its constructor: TCP, TLS unless `tls` is None, CONNECT. Raises Unavailable when that fails.

    Every method raises Unavailable when the connection broke; it is closed then.
    """

    def __init__(self, host: str, port: int, hello: Hello, tls: ssl.SSLContext | None = None) -> None:
        self._hello = hello
        self._data, self._at = b"", 0
        self._unsent = bytearray()
        self._mid = 0
        self._waiting: set[int] = set()
        self._ping_s = 0.0
        self._sent_s = time.monotonic()
        self.more = False  # packets may lie in memory that no `select` on the socket tells of
        try:
            plain = socket.create_connection((host, port), CONNECT_S)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket: socket.socket = tls.wrap_socket(plain, server_hostname=host) if tls else plain
            self.socket.setblocking(False)
        except (OSError, ValueError) as error:
            raise Unavailable(f"the broker does not answer: {error}") from error
        self._send(mqtt.connect(hello))

    def receive(self, most: int) -> list[Packet]:
        """What has arrived, `most` packets at most; nothing is read from the socket beyond them."""
        found: list[Packet] = []
        with self._guarded():
            while len(found) < most:
                packets, self._at = mqtt.read(self._data, self._at, most - len(found), self._hello.version)
                found += packets
                if len(found) < most and not self._read():
                    break
            self.more = len(found) >= most
            if self._ping_s and time.monotonic() - self._ping_s > self._hello.keepalive_s / 2:
                raise OSError("the broker is silent")
            self.flush()
        for packet in found if self._waiting else ():
            if isinstance(packet, Answer) and packet.kind == "puback":
                self._waiting.discard(packet.mid)
        return found

    def subscribe(self, filters: Sequence[tuple[str, int]]) -> None:
        """Ask for topics."""
        self._send(mqtt.subscribe(self._next(), filters, self._hello.version))

    def unsubscribe(self, filters: Sequence[str]) -> int:
        """Ask for topics no longer; returns the number that the answer carries."""
        mid = self._next()
        self._send(mqtt.unsubscribe(mid, filters, self._hello.version))
        return mid

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> int:
        """Send a message; at QoS 1 returns its number, see `acknowledged`."""
        mid = self._next() if qos else 0
        if mid:
            self._waiting.add(mid)
        self._send(mqtt.publish(topic, payload, mid=mid, retain=retain, version=self._hello.version))
        return mid

    def acknowledged(self, mid: int) -> bool:
        """True when the server has it."""
        return mid not in self._waiting

    def acknowledge(self, mids: Sequence[int]) -> None:
        """Tell the server that these are stored."""
        self._send(mqtt.pubacks(mids))

    def keep_alive(self) -> None:
        """Send a ping when it is time to."""
        with self._guarded():
            self.flush()
            if time.monotonic() - self._sent_s >= self._hello.keepalive_s / 2 and not self._ping_s:
                self._ping_s = time.monotonic()
                self._send(mqtt.PING)

    @property
    def clear(self) -> bool:
        """True when everything has left for the network."""
        return not self._unsent

    def flush(self) -> None:
        """Send what waits, as far as the socket takes it."""
        with contextlib.suppress(*_WAIT):
            while self._unsent:
                del self._unsent[: self.socket.send(self._unsent)]

    def leave(self, longest_s: float) -> None:
        """DISCONNECT; the server closes when it has read it.

        A socket closed with unread data is reset: the server would drop the DISCONNECT and publish the will.
        """
        deadline = time.monotonic() + longest_s
        with contextlib.suppress(Unavailable, OSError):
            self._send(mqtt.DISCONNECT)
            while (left := deadline - time.monotonic()) > 0:
                waits = [self.socket] if self._unsent else []
                ready, free, _ = select.select([self.socket], waits, [], left)
                if free:
                    self.flush()
                if ready and self._drained():
                    break
        self.close()

    def close(self) -> None:
        """Without a word: the server publishes the will."""
        with contextlib.suppress(OSError):
            self.socket.close()

    def _drained(self) -> bool:
        with contextlib.suppress(*_WAIT):
            return not self.socket.recv(CHUNK)
        return False

    def _read(self) -> bool:
        """Read what the socket has; False for nothing. The buffer holds a packet and a chunk at most."""
        try:
            data = self.socket.recv(CHUNK)
        except _WAIT:
            return False
        if not data:
            raise OSError("the broker closed it")
        self._data, self._at = self._data[self._at :] + data, 0
        self._ping_s = 0.0
        return True

    def _send(self, data: bytes) -> None:
        with self._guarded():
            self._sent_s = time.monotonic()
            self._unsent += data
            self.flush()
            if len(self._unsent) > MAX_UNSENT:
                raise OSError("the broker takes nothing")

    def _next(self) -> int:
        self._mid = self._mid % 65_535 + 1
        return self._mid

    def _guarded(self) -> "_Guard":
        return _Guard(self)


class _Guard:
    """Turns what breaks a connection into Unavailable, and closes it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError | ValueError | Malformed):
            self._connection.close()
            why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
            raise Unavailable(f"the connection broke: {why}") from error
