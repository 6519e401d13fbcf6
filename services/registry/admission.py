"""How a model version comes into the registry: checked, copied to where nothing changes it, in the shadow.

A version that is once registered keeps its file: its folder in the keep is never written again, and its
hash is compared at every load.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from data.store import predictions
from data.store import registry as store
from data.store.database import Database
from domain.clock import wall_us
from domain.errors import NotNow, Tampered
from domain.model_gates import Stage
from models import manifest
from models.opening import Governed
from services import audit

Model = TypeVar("Model", bound=Governed)


def register(tx: Connection, model: Governed, reason: str = "") -> Stage:
    """Register a loaded model; returns where it stands.

    The first version of a name becomes the champion; another one a challenger, whoever brings it.
    A version that is known stays where it is; Tampered when it is known with another file.
    """
    card = model.card
    known = store.version(tx, card.name, card.version)
    if known is not None and known["sha256"] != card.sha256:
        raise Tampered(f"{card.name} {card.version} is registered with another file than {model.folder}'s")
    champion = store.champion(tx, card.name)
    stage = Stage(known["stage"]) if known else Stage.CHAMPION if champion is None else Stage.SHADOW
    predictions.register(tx, _row(model, stage))
    if known is None:
        against = champion["version"] if champion else ""
        _happened(tx, model, "registered" if against == "" else "admitted", against, reason)
    return stage


def admit(database: Database, folder: Path, keep: Path, load: Callable[[Path], Model], reason: str) -> Model:
    """Check a model folder, keep a copy of it, and put it into the shadow of the champion.

    Tampered or SettingsError when it is not what its card says; NotNow without a champion of its name,
    or when it is the champion or a challenger already. A version that was retired comes back.
    """
    model = load(folder)
    name, number = model.card.name, model.card.version
    with database.read() as tx:
        _check(tx, model)
    kept = keep / f"{name}-{number}"
    if folder.resolve() != kept.resolve():
        _copy(folder, kept)
    model = load(kept)
    with database.write() as tx:
        store.lock(tx)
        champion = _check(tx, model)
        known = store.version(tx, name, number)
        register(tx, model, reason)
        if known is not None:
            store.set_stage(tx, name, number, Stage.SHADOW)
            _happened(tx, model, "admitted", champion, reason)
        audit.append(
            tx, actor=audit.SYSTEM, action="put a model into the shadow of the champion", subject_kind="ai",
            subject_id=name, plant_us=wall_us(),
            detail={"version": number, "sha256": model.card.sha256, "champion": champion, "reason": reason},
        )  # fmt: skip
    return model


def _check(tx: Connection, model: Governed) -> str:
    """The champion's version; NotNow when there is none, or when this version is at work."""
    name, number = model.card.name, model.card.version
    champion = store.champion(tx, name)
    if champion is None:
        raise NotNow(f"there is no champion {name!r} to be compared with; the first start makes one")
    known = store.version(tx, name, number)
    if known is not None and known["stage"] != Stage.RETIRED:
        where = "the champion" if known["stage"] == Stage.CHAMPION else "in the shadow"
        raise NotNow(f"{name} {number} is {where} already")
    if known is not None and known["sha256"] != model.card.sha256:
        raise Tampered(f"{name} {number} is registered with another file than {model.folder}'s")
    return str(champion["version"])


def _copy(folder: Path, kept: Path) -> None:
    kept.mkdir(parents=True, exist_ok=True)
    for file in manifest.files(folder):
        shutil.copyfile(folder / file, kept / file)


def _row(model: Governed, stage: Stage) -> dict[str, Any]:
    card = model.card
    return {
        "name": card.name, "version": card.version, "capability": card.capability,
        "path": str(model.folder), "sha256": card.sha256, "feature_version": card.feature_version,
        "stage": stage.value, "card": card.model_dump_json(), "registered_wall_us": wall_us(),
    }  # fmt: skip


def _happened(tx: Connection, model: Governed, kind: str, other: str, reason: str) -> None:
    row = {
        "model_name": model.card.name, "model_version": model.card.version, "kind": kind,
        "other_version": other, "reason": reason, "at_wall_us": wall_us(),
    }  # fmt: skip
    store.add_event(tx, row)
