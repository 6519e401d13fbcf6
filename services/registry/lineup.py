"""Which versions are at work: the champion that advises, and the challengers in its shadow.

The registry says it; the scoring process looks every two seconds, so that a promotion or a roll-back
takes hold without a restart. A file that is not the registered one is never scored with: the machines
are then watched by nobody but the limits, and the health screen says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.store import registry as store
from data.store.database import Database
from domain.clock import SECOND, wall_us
from domain.errors import SettingsError, Tampered
from domain.model_gates import Stage
from models.registry import LoadedModel
from services.score.inputs import Inputs
from services.score.judge import Judge
from services.score.run import Served
from services.score.serving import inputs_for

LOOK_EVERY_US = 2 * SECOND
Load = Callable[[Path], LoadedModel]


@dataclass(frozen=True, slots=True)
class AtWork:
    """The versions that score. `champion` is None when its file cannot be used; `trouble` says why."""

    champion: Served | None
    challengers: tuple[Served, ...]
    trouble: str = ""


class Lineup:
    """The versions of one model name, as the registry has them now."""

    def __init__(self, database: Database, model: LoadedModel, load: Load) -> None:
        self._database, self._load = database, load
        self._name = model.card.name
        self._loaded = {model.card.version: model}
        self._inputs: dict[tuple[str, tuple[str, ...]], Inputs] = {}
        self._seen: list[tuple[str, str]] | None = None
        self._looked_us = 0
        self._now = AtWork(None, ())

    def at_work(self) -> AtWork:
        """Read the registry at most every two seconds; the same objects until something changed."""
        now = wall_us()
        if self._seen is not None and now - self._looked_us < LOOK_EVERY_US:
            return self._now
        with self._database.read() as tx:
            rows = [r for r in store.versions(tx, (Stage.CHAMPION, Stage.SHADOW)) if r["name"] == self._name]
        self._looked_us = now
        seen = sorted((row["version"], row["stage"]) for row in rows)
        if seen != self._seen:
            self._now, self._seen = self._built(rows), seen
        return self._now

    def _built(self, rows: list[dict[str, Any]]) -> AtWork:
        champion, challengers, troubles = None, [], []
        for row in rows:
            try:
                served = self._served(row)
            except (Tampered, SettingsError) as error:
                troubles.append(f"{row['stage']} {row['version']}: {error}")
                continue
            if row["stage"] == Stage.CHAMPION:
                champion = served
            else:
                challengers.append(served)
        return AtWork(champion, tuple(challengers), "; ".join(troubles))

    def _served(self, row: dict[str, Any]) -> Served:
        model = self._loaded.get(row["version"]) or self._load(Path(row["path"]))
        if model.card.sha256 != row["sha256"]:
            raise Tampered(f"{row['path']} holds another file than the one that was registered")
        self._loaded[row["version"]] = model
        key = (model.card.feature_version, model.card.window.groups)
        if key not in self._inputs:
            self._inputs[key] = inputs_for(model)
        return Served(Judge(model, shadow=row["stage"] == Stage.SHADOW), self._inputs[key])
