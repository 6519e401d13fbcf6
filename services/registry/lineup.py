"""The versions of a failure model at work: the champion that advises, and the challengers in its shadow.

Without a champion the machines are watched by nobody but the limits.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from data.store.database import Database
from domain.errors import Tampered
from domain.model_gates import Stage
from models.registry import LoadedModel
from services.registry.versions import Versions
from services.score.inputs import Inputs
from services.score.judge import Judge
from services.score.run import Served
from services.score.serving import inputs_for

Load = Callable[[Path], LoadedModel]


class Lineup(Versions[Served]):
    """Each version with its judge; versions of the same features share their windows."""

    def __init__(self, database: Database, model: LoadedModel, load: Load) -> None:
        super().__init__(database, model.card.name)
        self._load = load
        self._loaded = {model.card.version: model}
        self._inputs: dict[tuple[str, tuple[str, ...]], Inputs] = {}

    def _open(self, row: dict[str, Any]) -> Served:
        model = self._loaded.get(row["version"]) or self._load(Path(row["path"]))
        if model.card.sha256 != row["sha256"]:
            raise Tampered(f"{row['path']} holds another file than the one that was registered")
        self._loaded[row["version"]] = model
        key = (model.card.feature_version, model.card.window.groups)
        if key not in self._inputs:
            self._inputs[key] = inputs_for(model)
        return Served(Judge(model, shadow=row["stage"] == Stage.SHADOW), self._inputs[key])
