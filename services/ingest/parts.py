"""Which parts of the plant this process takes in: leases in SQL, by wall time.

Guarantee: a batch of a part is stored only under the part's newest token (`guard`, in the same transaction),
so that no two processes ever keep the state of the same edge node. Every process is there for one part,
its home; a part whose process is gone is taken by another, and given back when that one asks for it.
A process that died on this machine is known by its number at once, elsewhere its lease runs out.
"""

import os
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from data.store import ingest_parts
from data.store.database import Database
from domain.clock import SECOND, wall_us
from domain.errors import Conflict

LEASE_US = 10 * SECOND
STAND_IN_US = 5 * SECOND  # a part must have been without a process so long: its own may be starting
ASK_US, ASKED_US = 2 * SECOND, 10 * SECOND


class PartLost(Conflict):
    """Another process holds the part now; what was not stored comes again there."""


@dataclass(slots=True)
class Turn:
    """What changed: parts that came, parts that somebody else has, parts to be given back."""

    gained: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    wanted: list[int] = field(default_factory=list)


class Parts:
    """The parts that a process holds. `home` counts from 0. Not thread-safe."""

    def __init__(
        self,
        database: Database,
        parts: int = 1,
        home: int = 0,
        *,
        now_us: Callable[[], int] = wall_us,
        place: str = "",
    ) -> None:
        self._database, self.parts, self.home = database, parts, home
        self._now_us = now_us
        self._place = place or _here()
        self._free_since: dict[int, int] = {}
        self.held: dict[int, str] = {}
        self.trouble = ""

    def turn(self) -> Turn:
        """Renew what is held, take what is free. Call it every second or so. Raises Unavailable."""
        found, now = Turn(), self._now_us()
        with self._database.read() as tx:
            rows = ingest_parts.load(tx)
        if not self._due(rows, now):
            for row in rows[: self.parts]:
                if row.part in self.held:
                    self._told(row, row.token == self.held[row.part], now, found)
            return found
        with self._database.write() as tx:
            ingest_parts.know(tx, self.parts)
            rows = ingest_parts.load(tx)
            for row in rows[: self.parts]:
                if row.part in self.held:
                    ours = ingest_parts.renew(tx, row.part, self.held[row.part], now + LEASE_US)
                    self._told(row, ours, now, found)
                elif self._may_take(tx, row, rows, now):
                    self._take(tx, row, now, found)
        return found

    def guard(self, part: int) -> Callable[[Connection], None]:
        """To be called first in each transaction of the part: raises PartLost when we do not hold it."""

        def still_ours(tx: Connection) -> None:
            token = self.held.get(part, "")
            if not token or not ingest_parts.renew(tx, part, token, self._now_us() + LEASE_US):
                raise PartLost(f"another process takes in part {part + 1} of {self.parts} now")

        return still_ours

    def give_back(self, part: int) -> None:
        """Let a part go, for another to take at once. Raises Unavailable; its lease then runs out."""
        token = self.held.pop(part, "")
        if token:
            with self._database.write() as tx:
                ingest_parts.give_back(tx, part, token)

    def forget(self, part: int) -> None:
        """It was lost."""
        self.held.pop(part, None)

    def _due(self, rows: list[Any], now: int) -> bool:
        """Is anything to be written? Batches renew their lease themselves."""
        if len(rows) < self.parts:
            return True
        for row in rows[: self.parts]:
            if row.part in self.held:
                if row.until_wall_us - now < LEASE_US // 2:
                    return True
            elif self._is_free(row, now) or (row.part == self.home and now - row.asked_wall_us > ASK_US):
                return True
        return False

    def _told(self, row: Any, ours: bool, now: int, found: Turn) -> None:
        if not ours:
            found.lost.append(row.part)
        elif row.part != self.home and now - row.asked_wall_us < ASKED_US:
            found.wanted.append(row.part)

    def _may_take(self, tx: Connection, row: Any, rows: list[Any], now: int) -> bool:
        others = [r.parts for r in rows if r.parts not in (0, self.parts) and not self._is_free(r, now)]
        self.trouble = ""
        if others:
            self.trouble = f"another process divides the plant by {others[0]}, this one by {self.parts}"
            return False
        if not self._is_free(row, now):
            self._free_since.pop(row.part, None)
            if row.part == self.home:
                ingest_parts.ask(tx, row.part, now)
            return False
        since = self._free_since.setdefault(row.part, now)
        return bool(row.part == self.home or now - since >= STAND_IN_US)

    def _is_free(self, row: Any, now: int) -> bool:
        if not row.token or now >= row.until_wall_us:
            return True
        return row.place == self._place and not _lives(row.pid)

    def _take(self, tx: Connection, row: Any, now: int, found: Turn) -> None:
        token = uuid.uuid4().hex
        mine = {
            "parts": self.parts, "token": token, "place": self._place, "pid": os.getpid(),
            "until_wall_us": now + LEASE_US, "taken_wall_us": now, "home": self.home,
        }  # fmt: skip
        if ingest_parts.take(tx, row.part, row.token, mine):
            self.held[row.part] = token
            self._free_since.pop(row.part, None)
            found.gained.append(row.part)


@lru_cache(maxsize=1)
def _here() -> str:
    """This machine since its start, and the space in which its process numbers count."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return f"{socket.gethostname()}/{uuid.uuid4().hex}"


def _lives(pid: int) -> bool:
    """False when there is no such process, or only what is left of one."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (OSError, IndexError):
        return False
