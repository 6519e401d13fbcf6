"""Puts a loaded model to work: its judge, its inputs, and its row among the model versions."""

from data.store import registry as store
from data.store.database import Database
from domain.errors import SettingsError
from domain.model_gates import Stage
from models.features import cmapss as engine_features
from models.features import plant as plant_features
from models.registry import LoadedModel
from services.registry.admission import register
from services.score.engines import EngineInputs
from services.score.inputs import Inputs
from services.score.judge import Judge
from services.score.plant import PlantInputs
from services.score.run import Served


def ready(model: LoadedModel) -> Served:
    """A model ready to compute, unregistered.

    SettingsError when it was trained on other features than this program builds.
    """
    return Served(Judge(model), inputs_for(model))


def serve(database: Database, model: LoadedModel) -> Served:
    """Register the model's version and return it ready to score.

    The first version of a name is the champion; another one is a challenger in its shadow, and what it
    says here is stored so. SettingsError when it was trained on other features than this program
    builds; Tampered when this version is registered with another file: what it predicted could never
    be computed again.
    """
    inputs = inputs_for(model)
    with database.write() as tx:
        store.lock(tx)
        stage = register(tx, model)
    return Served(Judge(model, shadow=stage is Stage.SHADOW), inputs)


def inputs_for(model: LoadedModel) -> Inputs:
    """Where a model gets its windows from; SettingsError when it wants other features."""
    card = model.card
    plant = card.data.kind == "plant"
    version = plant_features.FEATURE_VERSION if plant else engine_features.FEATURE_VERSION
    if card.feature_version != version:
        raise SettingsError(
            f"{model.folder} wants features {card.feature_version}; this program builds {version}"
        )
    return PlantInputs(card.window.groups) if plant else EngineInputs(card.window)
