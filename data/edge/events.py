"""What the readers of servers tell the gateway, through one bounded queue."""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Collection
from typing import Any, NamedTuple, Protocol

from data.edge.gateway_parts import MetricPart
from domain.telemetry import Quality

ROOM = 50_000
FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 30.0
END_S = 5.0  # longer than a server is waited for when it is left


class Seen(NamedTuple):
    """A value as the server gave it; `raw` is a number, a boolean or a text. `at_ms`: the server's own time,
    or ours where it has none."""

    device: str
    part: MetricPart
    at_ms: int
    raw: object
    quality: Quality


class Contact(NamedTuple):
    """A server answers, or no longer does; `at_ms` is the last time that it was known to."""

    device: str
    present: bool
    at_ms: int
    why: str = ""


class Missed(NamedTuple):
    """Values of a device were lost on the way here: the server's own queue ran over, or ours."""

    device: str
    at_ms: int


Event = Seen | Contact | Missed
Emit = Callable[[Event], None]


class Reader(Protocol):
    """Reads one server until it is lost: emits Contact(present) and then what it sees.

    Returns the last time at which the server was known to answer, and why it no longer does; raises
    ConnectionError with the reason when there was no contact at all.
    """

    async def read(self, emit: Emit) -> tuple[int, str]:
        """Until the server is lost, or the task is cancelled."""


class Inbox:
    """The queue between the readers and the store. When it is full a value is not taken, which is counted:
    the readers never wait."""

    def __init__(self, room: int = ROOM) -> None:
        self._queue: queue.Queue[Event] = queue.Queue(room)
        self._lock = threading.Lock()
        self._missed: dict[str, Missed] = {}
        self.overflowed = 0

    def put(self, event: Event) -> None:
        """From the readers' thread. Contacts wait for room: there are few, and they must not be lost."""
        try:
            self._queue.put(event, timeout=None if isinstance(event, Contact) else 0.001)
        except queue.Full:
            with self._lock:
                self.overflowed += 1
                self._missed[event.device] = Missed(event.device, event.at_ms)

    def take(self, most: int, wait_s: float) -> list[Event]:
        """What is there, after waiting for the first a moment."""
        found: list[Event] = []
        try:
            found.append(self._queue.get(timeout=wait_s))
            while len(found) < most:
                found.append(self._queue.get_nowait())
        except queue.Empty:
            with self._lock:
                found += self._missed.values()
                self._missed.clear()
        return found


def now_ms() -> int:
    """Wall time."""
    return time.time_ns() // 1_000_000


async def keep_reading(device: str, reader: Reader, emit: Emit, say: Callable[[str, str], None]) -> None:
    """Read for ever: a server that is lost is tried again, with growing pauses. `say` gets (device, why)."""
    pause = FIRST_RETRY_S
    while True:
        try:
            at_ms, why = await reader.read(emit)
            emit(Contact(device, False, at_ms, why))
            pause = FIRST_RETRY_S
        except OSError as error:
            why = str(error) or type(error).__name__
        say(device, why)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_RETRY_S)


async def end(tasks: Collection["asyncio.Task[Any]"]) -> None:
    """Cancel tasks until each has ended, however it ends.

    Asking once is not enough: where the answer comes at the same moment, `asyncio.wait_for` of Python 3.11
    gives it back, and the cancellation is lost.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=END_S)
    await asyncio.gather(*tasks, return_exceptions=True)
