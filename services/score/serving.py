"""Puts a loaded model to work: its judge, its inputs, and its row among the model versions."""

from data.store import predictions as store
from data.store.database import Database
from domain.clock import wall_us
from domain.errors import SettingsError, Tampered
from models.features import cmapss as engine_features
from models.features import plant as plant_features
from models.registry import LoadedModel
from services.score.engines import EngineInputs
from services.score.inputs import Inputs
from services.score.judge import Judge
from services.score.plant import PlantInputs
from services.score.run import Served

CHAMPION = "champion"


def ready(model: LoadedModel) -> Served:
    """A model ready to compute, unregistered.

    SettingsError when it was trained on other features than this program builds.
    """
    return Served(Judge(model), _inputs(model))


def serve(database: Database, model: LoadedModel, *, stage: str = CHAMPION) -> Served:
    """Register the model's version and return it ready to score.

    SettingsError when it was trained on other features than this program builds; Tampered when this
    version is registered with another file: what it predicted could never be computed again.
    """
    served = ready(model)
    card = model.card
    row = {
        "name": card.name, "version": card.version, "capability": card.capability,
        "path": str(model.folder), "sha256": card.sha256, "feature_version": card.feature_version,
        "stage": stage, "card": card.model_dump_json(), "registered_wall_us": wall_us(),
    }  # fmt: skip
    with database.write() as tx:
        known = store.model_version(tx, served.judge.key)
        if known is not None and known.sha256 != card.sha256:
            raise Tampered(
                f"{card.name} {card.version} is registered with another file than {model.folder}'s"
            )
        store.register(tx, row)
    return served


def _inputs(model: LoadedModel) -> Inputs:
    card = model.card
    plant = card.data.kind == "plant"
    version = plant_features.FEATURE_VERSION if plant else engine_features.FEATURE_VERSION
    if card.feature_version != version:
        raise SettingsError(
            f"{model.folder} wants features {card.feature_version}; this program builds {version}"
        )
    return PlantInputs(card.window.groups) if plant else EngineInputs(card.window)
