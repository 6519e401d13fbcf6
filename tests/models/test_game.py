"""What the shipped model's explanations compare with, and over what."""

from pathlib import Path

import numpy as np
import pytest

from domain.errors import NotNow
from domain.telemetry import sensors_of
from models import registry
from models.failure.game import HEALTHY, Game, representative, same_regime
from runtime.settings import ROOT

ARTIFACT = ROOT / "models" / "artifacts" / "plant_failure"


@pytest.fixture(scope="module")
def model():
    return registry.load(ARTIFACT)


def test_every_machine_type_has_forty_groups_and_more(model):
    for kind in model.card.window.groups:
        players = [name for name, _ in Game(model, kind).groups.names if name != "machine_type"]
        assert len(players) >= 40, kind


def test_correlated_sensors_are_one_on_the_types_where_they_are(model):
    joined = {
        kind: {name for name, _ in Game(model, kind).groups.names if len(sensors_of(name)) > 1}
        for kind in model.card.window.groups
    }
    assert joined["cnc"] == {"current+load"}
    assert joined["press"] == {"current+speed+load"}
    assert joined["packer"] == set()


def test_the_base_is_what_the_model_states_of_healthy_machines_of_the_type(model):
    """To a point of 100; and what it states of all windows is near the share that failed, where judged."""
    for kind, known in model.card.pointing.base.items():
        game = Game(model, kind)
        assert game.outputs.mean() == pytest.approx(known.healthy, abs=0.01), kind
        assert known.base == pytest.approx(known.healthy, abs=0.01), kind
        assert known.stated == pytest.approx(known.came, abs=0.02), kind


def test_the_background_is_of_the_window_s_own_regime(model):
    game = Game(model, "press")
    speed = model.card.window.channels.index("speed")
    order = np.argsort(game.background[:, :, speed].mean(axis=1))
    slow, fast = game.background[order[0]], game.background[order[-1]]
    usual = [game.explainer(one).background[:, :, speed].mean() for one in (slow, fast)]
    assert usual[0] < usual[1]
    assert len(game.explainer(slow).background) == HEALTHY


def test_without_columns_of_regime_all_windows_count():
    windows = np.zeros((5, 4, 2), np.float32)
    assert same_regime(windows[0], windows, [], 2).tolist() == [0, 1, 2, 3, 4]


def test_few_windows_are_all_taken():
    windows = np.arange(4, dtype=np.float32)[:, None, None] * np.ones((4, 3, 1), np.float32)
    assert same_regime(windows[3], windows, [0], 4).tolist() == [0, 1, 2, 3]
    assert same_regime(windows[3], windows, [0], 1).tolist() == [2, 3]


def test_the_chosen_windows_have_the_mean_of_all():
    outputs = np.random.default_rng(1).random(64)
    chosen = representative(outputs, 16)
    assert outputs[chosen].mean() == pytest.approx(outputs.mean(), abs=0.02)


def test_a_type_that_the_model_does_not_know_is_not_explained(model, tmp_path: Path):
    with pytest.raises(NotNow, match="boiler"):
        Game(model, "boiler")
