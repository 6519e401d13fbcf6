"""Which versions of a model are at work: the champion that serves, and the challengers in its shadow.

The registry says it. It is looked up every two seconds, so that a promotion or a roll-back takes hold
without a restart. A file that is not the registered one never serves, and the health screen says why.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from data.store import registry as store
from data.store.database import Database
from domain.clock import SECOND, steady_us
from domain.errors import SettingsError, Tampered
from domain.model_gates import Stage

LOOK_EVERY_US = 2 * SECOND
One = TypeVar("One")


@dataclass(frozen=True, slots=True)
class AtWork(Generic[One]):
    """The versions at work. `champion` is None when its file cannot be used; `trouble` says why."""

    champion: One | None
    challengers: tuple[One, ...]
    trouble: str = ""

    @property
    def every(self) -> tuple[One, ...]:
        """Those that say something: the champion first."""
        return self.challengers if self.champion is None else (self.champion, *self.challengers)


class Versions(ABC, Generic[One]):
    """The versions of one model name, as the registry has them now."""

    def __init__(self, database: Database, name: str, every_us: int = LOOK_EVERY_US) -> None:
        self._database, self._name, self._every_us = database, name, every_us
        self._seen: list[tuple[str, str]] | None = None
        self._looked_us = 0
        self._now: AtWork[One] = AtWork(None, ())

    def at_work(self) -> AtWork[One]:
        """Read the registry when it is time to; the same objects until something changed."""
        now = steady_us()
        if self._seen is not None and now - self._looked_us < self._every_us:
            return self._now
        with self._database.read() as tx:
            rows = [r for r in store.versions(tx, (Stage.CHAMPION, Stage.SHADOW)) if r["name"] == self._name]
        self._looked_us = now
        seen = sorted((row["version"], row["stage"]) for row in rows)
        if seen != self._seen:
            self._now, self._seen = self._built(rows), seen
        return self._now

    @abstractmethod
    def _open(self, row: dict[str, Any]) -> One:
        """A registered version, ready to serve. Raises Tampered or SettingsError when its file may not."""

    def _built(self, rows: list[dict[str, Any]]) -> AtWork[One]:
        champion, challengers, troubles = None, list[One](), list[str]()
        for row in rows:
            try:
                found = self._open(row)
            except (Tampered, SettingsError) as error:
                troubles.append(f"{row['stage']} {row['version']}: {error}")
                continue
            if row["stage"] == Stage.CHAMPION:
                champion = found
            else:
                challengers.append(found)
        return AtWork(champion, tuple(challengers), "; ".join(troubles))
