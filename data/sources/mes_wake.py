"""A PostgreSQL database says that something changed (NOTIFY), and its poll comes at once."""

import logging
import threading
from collections.abc import Iterable

from sqlalchemy.engine import make_url

LOOK_S = 0.5  # how often a listener looks whether it should end
AGAIN_S = 5.0
log = logging.getLogger("taktwise.mes")


class Doorbell:
    """Who rang since the last look. Thread-safe."""

    def __init__(self) -> None:
        self._rung: set[str] = set()
        self._changed = threading.Condition()

    def ring(self, name: str) -> None:
        """Say that `name` has something new."""
        with self._changed:
            self._rung.add(name)
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> set[str]:
        """Who rang; comes back at the first ring, and empty after the time."""
        with self._changed:
            if not self._rung:
                self._changed.wait(timeout_s)
            rung, self._rung = self._rung, set()
            return rung


class Listener:
    """Holds one connection that listens to `channel` and rings for `name`; connects again by itself.

    Whatever was said while it was away is made up for by a ring at each new connection.
    """

    def __init__(self, name: str, url: str, channel: str, bell: Doorbell, stop: threading.Event) -> None:
        self.name, self._channel, self._bell, self._stop = name, channel, bell, stop
        self._dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._thread = threading.Thread(target=self._run, name=f"listen {name}", daemon=True)

    def start(self) -> None:
        """Listen from now on."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait until it has ended, which it does soon after `stop` is set."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        import psycopg  # only where a database can call

        while not self._stop.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                log.warning("%s: no wake-up call, polled by the clock: %s", self.name, _first_line(error))
                self._stop.wait(AGAIN_S)

    def _listen(self) -> None:
        import psycopg

        with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5) as connection:
            connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(self._channel)))
            self._bell.ring(self.name)
            while not self._stop.is_set():
                if _any(connection.notifies(timeout=LOOK_S, stop_after=1)):
                    self._bell.ring(self.name)


def can_ring(url: str) -> bool:
    """True for databases that can call: PostgreSQL."""
    return make_url(url).get_backend_name() == "postgresql"


def _any(found: Iterable[object]) -> bool:
    return sum(1 for _ in found) > 0


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
