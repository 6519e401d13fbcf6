"""A cable between a browser and the desk that a test can cut and join again: real sockets, really closed."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

CHUNK = 65_536


class Cable:
    """Listens on 127.0.0.1 and carries every connection to a port there, until it is cut.

    While it is cut, open connections are gone and new ones are closed at once.
    """

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_cut = False
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Every connection breaks now."""
        with self._lock:
            self._is_cut = True
            gone, self._open = self._open, set()
        for end in gone:
            _close(end)

    def join(self) -> None:
        """Connections are carried again."""
        with self._lock:
            self._is_cut = False

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self._carry(near):
                _close(near)

    def _carry(self, near: socket.socket) -> bool:
        with self._lock:
            if self._is_cut:
                return False
            try:
                far = socket.create_connection(self._target)
            except OSError:
                return False
            self._open |= {near, far}
        for ends in ((near, far), (far, near)):
            threading.Thread(target=self._pump, args=ends, daemon=True).start()
        return True

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                sink.sendall(data)
        with self._lock:
            self._open -= {source, sink}
        _close(source)
        _close(sink)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
