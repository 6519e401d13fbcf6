"""Puts a loaded model to work: its judge, its inputs, and its row among the model versions."""

from data.store import predictions as store
from data.store.database import Database
from domain.clock import wall_us
from domain.errors import SettingsError
from models.features import cmapss as engine_features
from models.features import plant as plant_features
from models.registry import LoadedModel
from services.score.engines import EngineInputs
from services.score.inputs import Inputs
from services.score.judge import Judge
from services.score.plant import PlantInputs
from services.score.run import Served

CHAMPION = "champion"


def serve(database: Database, model: LoadedModel, *, stage: str = CHAMPION) -> Served:
    """Register the model's version and return it ready to score.

    SettingsError when it was trained on other features than this program builds.
    """
    served = Served(Judge(model), _inputs(model))
    card = model.card
    row = {
        "name": card.name, "version": card.version, "capability": card.capability,
        "path": str(model.folder), "sha256": card.sha256, "feature_version": card.feature_version,
        "stage": stage, "card": card.model_dump_json(), "registered_wall_us": wall_us(),
    }  # fmt: skip
    with database.write() as tx:
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
