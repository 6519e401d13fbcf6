"""Windows that are unlike what training saw: refused by name, and nothing else is."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models import registry
from models.features.familiar import Familiar
from models.features.plant import CHANGES, GAUGES, TYPES, VALUES

SHIPPED = Path(__file__).parents[2] / "models" / "artifacts" / "plant_failure"
RAN = len(GAUGES) + len(CHANGES)


@pytest.fixture(scope="module")
def model() -> registry.LoadedModel:
    return registry.load(SHIPPED)


@pytest.fixture
def window(model: registry.LoadedModel) -> NDArray[np.float32]:
    """One healthy window (1, 32, 41) of a press."""
    return model.backgrounds["press"][:1].copy()


def silenced(window: NDArray[np.float32], *gauges: str) -> NDArray[np.float32]:
    for name in gauges:
        window[:, :, GAUGES.index(name)] = 0.0
        window[:, :, VALUES + GAUGES.index(name)] = 0.0
    return window


def test_healthy_and_failing_windows_are_familiar(model: registry.LoadedModel) -> None:
    familiar = Familiar.of(model.backgrounds)
    with np.load(SHIPPED / "golden.npz") as golden:
        windows, chances = golden["window"], golden["probability"]
    assert chances.max() > model.card.threshold, "no failing machine among them"
    for one in windows:
        kind = TYPES[int(one[-1, -len(TYPES) :].argmax())]
        assert familiar.strange(kind, one[None]) == [""]


def test_a_machine_with_one_sensor_left_is_not_scored(model: registry.LoadedModel, window) -> None:
    familiar = Familiar.of(model.backgrounds)
    assert familiar.strange("press", silenced(window, "speed", "load", "power")) == [""]
    (why,) = familiar.strange("press", silenced(window, *GAUGES[2:]))
    assert why.startswith("too many sensors say nothing usable: pressure, current, power, vibration rms")


def test_a_machine_that_stood_is_no_machine_with_dead_sensors(model: registry.LoadedModel, window) -> None:
    window = silenced(window, *GAUGES)
    window[:, :, RAN] = 0.0
    assert Familiar.of(model.backgrounds).strange("press", window) == [""]


@pytest.mark.parametrize(
    ("gauge", "times"), [("vibration_rms", 1e-3), ("pressure", 1e-2), ("speed", 60.0), ("power", 1_000.0)]
)
def test_another_unit_is_not_scored(model: registry.LoadedModel, window, gauge: str, times: float) -> None:
    window[:, :, GAUGES.index(gauge)] *= times
    (why,) = Familiar.of(model.backgrounds).strange("press", window)
    assert why.startswith(f"{gauge.replace('_', ' ')}: of a size")


def test_only_the_windows_that_are_strange_are_refused(model: registry.LoadedModel, window) -> None:
    both = np.concatenate((window, window))
    both[1, :, GAUGES.index("current")] *= 1_000
    first, second = Familiar.of(model.backgrounds).strange("press", both)
    assert (first, second.partition(":")[0]) == ("", "current")


def test_a_type_without_windows_is_unknown(model: registry.LoadedModel, window) -> None:
    assert Familiar.of(model.backgrounds).strange("mill", window) == [
        "this type of machine is unknown to the model"
    ]
