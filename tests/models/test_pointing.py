"""Whether explanations point at what truly moved: measured on a simulated plant with its truth."""

import json
from pathlib import Path

import numpy as np
import pytest

from domain.errors import SettingsError
from models import registry
from models.dataspec import DataSpec
from models.explainer import Groups
from models.failure import pointing
from models.failure.pointing import measure, ranking
from runtime.settings import ROOT
from services.queries.models import pointing_words
from simulator.history import HistorySpec, write_parquet

ARTIFACT = ROOT / "models" / "artifacts" / "plant_failure"


@pytest.fixture(scope="module")
def model():
    return registry.load(ARTIFACT)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("plants") / "test-3"
    write_parquet(HistorySpec(days=16, seed=3, machines=30, interval_s=900), out)
    return out


def test_figures_come_from_the_truth_of_the_plant(model, plant: Path, monkeypatch):
    monkeypatch.setattr(pointing, "STABLE_CASES", 2)
    found = measure(model, DataSpec("plant", plant.parent))
    shares = {name: value for name, value in found.figures.items() if not name.startswith("tau")}
    assert found.source == "test-3"
    assert found.failures >= found.warned
    assert all(0 <= value <= 1 for value in shares.values())
    assert shares["top_3"] >= shares["top_1"]
    assert shares["top_3_by_chance"] > shares["top_1_by_chance"]
    assert found.base and set(found.base) <= set(model.card.window.groups)
    assert pointing_words(found.model_dump())[0].startswith(f"Of {found.failures} failures")


def test_without_the_truth_there_is_nothing_to_measure(model, plant: Path):
    (plant / "truth").rename(plant / "hidden")
    with pytest.raises(SettingsError, match="truth"):
        measure(model, DataSpec("plant", plant.parent))
    (plant / "hidden").rename(plant / "truth")


def test_sensors_are_ranked_by_all_their_segments_together():
    groups = Groups.of(["a", "b+c"], 4, 2)
    assert ranking(groups, np.array([0.3, -0.2, 0.1, 0.1])) == ("b+c", "a")


def test_a_hit_is_any_true_sensor_among_the_first():
    ranked, true = ("a", "b+c", "d"), frozenset({"c"})
    assert pointing._hit(ranked, true, 1) == 0.0
    assert pointing._hit(ranked, true, 3) == 1.0
    assert pointing._chance(ranked, true, 1) == pytest.approx(1 / 3)
    assert pointing._chance(ranked, true, 3) == pytest.approx(1.0)


def test_the_shipped_card_tells_better_than_chance_and_than_the_explanations_of_others():
    card = json.loads((ARTIFACT / "card.json").read_text())["pointing"]
    assert card["failures"] >= 100
    assert card["figures"]["top_1"] > card["figures"]["top_1_of_others"] > card["figures"]["top_1_by_chance"]
