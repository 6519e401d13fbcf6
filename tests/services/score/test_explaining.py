"""What would change a prediction is asked of the model, never added up."""

from pathlib import Path

import numpy as np
import pytest

from domain.prediction import Counterfactual
from models.failure.card import WindowNote
from models.registry import LoadedModel
from models.scorer import Scorer
from services.score.explaining import Explaining
from tests.models.tiny import card_of, write_onnx

SENSORS = ("vibration_rms", "temperature", "load")
STEPS, CHANNELS = 8, len(SENSORS)
WINDOW = WindowNote(
    steps=STEPS, step_s=1_800, channels=SENSORS, statistics=("mean",) * 3, values=3, masks=0, groups=("cnc",)
)


class Asked(Scorer):
    """A real scorer whose probability is a rule over what its three sensors say."""

    def __init__(self, path: Path, rule) -> None:
        super().__init__(path, STEPS, CHANNELS)
        self._rule = rule

    def probability(self, windows):
        high = windows[:, -1] > 5
        return np.asarray(self._rule(*high.T), dtype=np.float64)


@pytest.fixture
def explained(tmp_path):
    write_onnx(tmp_path / "model.onnx", STEPS, CHANNELS)
    card = card_of(tmp_path / "model.onnx", WINDOW)
    healthy = np.zeros((4, STEPS, CHANNELS), np.float32)
    healthy += np.arange(4, dtype=np.float32)[:, None, None] / 10
    window = np.full((STEPS, CHANNELS), 9.0, np.float32)

    def explain(rule):
        model = LoadedModel(tmp_path, card, Asked(tmp_path / "model.onnx", rule), {"cnc": healthy})
        return Explaining(model).explain("p", "cnc", window, 0, 32)

    return explain


def sums(found):
    total = dict.fromkeys(SENSORS, 0.0)
    for part in found.contributions:
        total[part.metric] += part.value
    return [total[name] for name in SENSORS]


def test_sensors_that_stand_in_for_each_other_are_not_told(explained):
    """Either of two keeps the risk up: adding up says that 0.5 is left, the model says 0.9."""
    found = explained(lambda one, other, _: 0.1 + 0.8 * (one | other))
    assert sums(found) == pytest.approx([0.4, 0.4, 0.0], abs=0.05)
    assert found.counterfactual is None


def test_sensors_that_count_only_together_are_told_with_the_model_s_own_figure(explained):
    """Adding up says that 0.5 is left; without either of them the model says 0.1."""
    found = explained(lambda one, other, _: 0.1 + 0.8 * (one & other))
    assert sums(found) == pytest.approx([0.4, 0.4, 0.0], abs=0.05)
    assert found.counterfactual.metric in SENSORS[:2]
    assert found.counterfactual.probability == pytest.approx(0.1)


def test_the_next_sensor_is_tried_where_the_larger_ones_do_not_hold(explained):
    found = explained(lambda one, other, third: 0.1 + 0.6 * (one | other) + 0.1 * third)
    assert found.counterfactual == Counterfactual("load", pytest.approx(0.7))


def test_what_does_not_bring_it_down_with_every_healthy_window_is_not_told(explained, monkeypatch):
    """Down in the mean, but with one of the healthy windows the risk stays where it is."""
    monkeypatch.setattr(Asked, "probability", lambda self, windows: 0.1 + 0.2 * (windows[:, -1, 0] > 0.25))
    assert explained(lambda *_: None).counterfactual is None


def test_nothing_that_raised_it_is_nothing_to_tell(explained):
    assert explained(lambda one, other, _: 0.5 - 0.1 * one - 0.1 * other).counterfactual is None
