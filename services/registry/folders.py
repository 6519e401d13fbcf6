"""Versions of a model that are opened from their folders, each once, and served as they are."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from data.store import registry as store
from data.store.database import Database
from domain.errors import SettingsError, Tampered
from domain.model_gates import Stage
from models.opening import Governed
from services.registry import admission
from services.registry.versions import LOOK_EVERY_US, AtWork, Versions

Load = Callable[[Path], Any]
One = TypeVar("One", bound=Governed)
log = logging.getLogger("taktwise.score")


def opened(row: Mapping[str, Any], load: Load, kind: type[One]) -> tuple[One | None, str]:
    """The model of a registered version, or None with one sentence for people."""
    folder = Path(row["path"])
    try:
        model = load(folder)
    except (Tampered, SettingsError) as error:
        return None, str(error)
    if not isinstance(model, kind) or model.card.sha256 != row["sha256"]:
        return None, f"{folder} holds another file than the one that was registered"
    return model, ""


def register(database: Database, model: Governed) -> Stage:
    """Write a model into the registry; returns where it stands.

    The first version of a name is the champion, another one a challenger. Tampered when this version is
    known with another file.
    """
    with database.write() as tx:
        store.lock(tx)
        return admission.register(tx, model)


class FolderLineup(Versions[One], Generic[One]):
    """Each version opened once; one that is no longer at work is let go."""

    def __init__(self, database: Database, first: One, load: Load, every_us: int = LOOK_EVERY_US) -> None:
        super().__init__(database, first.card.name, every_us)
        self._load, self._kind = load, type(first)
        self._loaded = {first.card.version: first}

    def _built(self, rows: list[dict[str, Any]]) -> AtWork[One]:
        kept = {row["version"] for row in rows}
        self._loaded = {version: one for version, one in self._loaded.items() if version in kept}
        return super()._built(rows)

    def _open(self, row: dict[str, Any]) -> One:
        known = self._loaded.get(row["version"])
        if known is not None and known.card.sha256 == row["sha256"]:
            return known
        found, trouble = opened(row, self._load, self._kind)
        if found is None:
            raise SettingsError(trouble)
        self._loaded[row["version"]] = found
        return found


def at_work(
    database: Database, folder: Path, open_shipped: Callable[[Path], One], load: Load
) -> tuple[FolderLineup[One] | None, str]:
    """The versions of the model in `folder`, which comes with the desk and is registered first; or None with
    one sentence for people, when it cannot be opened."""
    try:
        found = open_shipped(folder)
        register(database, found)
    except (SettingsError, Tampered) as error:
        log.warning("%s: %s", folder.name, error)
        return None, str(error)
    return FolderLineup(database, found, load), ""
