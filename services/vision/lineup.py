"""The versions of a vision model at work: the one that judges, and the challengers that see its pictures too.

Without a champion pictures wait.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from data.store.database import Database
from domain.errors import SettingsError
from models.vision.session import Inspector
from services.registry.versions import LOOK_EVERY_US, AtWork, Versions
from services.vision.gating import opened


class VisionLineup(Versions[Inspector]):
    """Each version opened once; one that is no longer at work is let go."""

    def __init__(
        self,
        database: Database,
        inspector: Inspector,
        load: Callable[[Path], Any],
        every_us: int = LOOK_EVERY_US,
    ) -> None:
        super().__init__(database, inspector.card.name, every_us)
        self._load = load
        self._loaded = {inspector.card.version: inspector}

    def _built(self, rows: list[dict[str, Any]]) -> AtWork[Inspector]:
        kept = {row["version"] for row in rows}
        self._loaded = {version: one for version, one in self._loaded.items() if version in kept}
        return super()._built(rows)

    def _open(self, row: dict[str, Any]) -> Inspector:
        known = self._loaded.get(row["version"])
        if known is not None and known.card.sha256 == row["sha256"]:
            return known
        found, trouble = opened(row, self._load)
        if found is None:
            raise SettingsError(trouble)
        self._loaded[row["version"]] = found
        return found
