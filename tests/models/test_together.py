"""Sensors that move together on healthy machines are one player of an explanation."""

import numpy as np
import pytest

from domain.telemetry import joined_labels, sensors_of
from models.together import joined_channels

CHANNELS = ("current", "load", "pressure", "current", "load", "current")
STATISTICS = ("mean", "mean", "mean", "change", "change", "mask")


def background(together: float, *, windows: int = 12, steps: int = 40):
    """Windows in which the changes of current and load share so much of their variance, not their levels."""
    draw = np.random.default_rng(3)
    found = np.zeros((windows, steps, len(CHANNELS)))
    common, own = draw.standard_normal((2, windows, steps))
    found[..., :3] = draw.standard_normal((windows, 1, 3)) * 50
    found[..., 3] = common
    found[..., 4] = -(np.sqrt(together) * common + np.sqrt(1 - together) * own)
    found[..., 5] = 1.0
    return found.astype(np.float32)


def test_sensors_whose_changes_go_together_are_one_in_all_their_columns():
    joined = joined_channels(background(0.8), CHANNELS, STATISTICS)
    assert joined == (
        "current+load",
        "current+load",
        "pressure",
        "current+load",
        "current+load",
        "current+load",
    )


def test_sensors_that_share_less_than_half_stay_apart():
    assert joined_channels(background(0.3), CHANNELS, STATISTICS) == CHANNELS


def test_the_level_of_a_machine_joins_nothing():
    """Two sensors that are high on the same machines, and move on their own there."""
    found = background(0.0)
    found[..., 3:5] += np.arange(12)[:, None, None] * 100
    assert joined_channels(found, CHANNELS, STATISTICS) == CHANNELS


def test_steps_in_which_a_sensor_was_not_seen_do_not_count():
    found = background(0.9)
    found[:, ::2, 3], found[:, ::2, 5] = 0.0, 0.0
    found[:, ::2, 4] = 30.0
    found[:, 1::2, 4] += 30.0
    assert joined_channels(found, CHANNELS, STATISTICS)[0] == "current+load"


def test_what_never_moves_is_joined_with_nothing():
    assert joined_channels(np.ones((3, 8, 6), np.float32), CHANNELS, STATISTICS) == CHANNELS


def test_a_group_holds_only_sensors_that_all_go_together():
    draw = np.random.default_rng(5)
    first, third = draw.standard_normal((2, 10, 50))
    between = (first + third) / np.sqrt(2)
    found = np.stack([first + 0.01 * third, between, third], axis=2).astype(np.float32)
    joined = joined_channels(found, ("a", "b", "c"), ("mean",) * 3, least=0.65)
    assert sorted(len(sensors_of(name)) for name in set(joined)) == [1, 2]


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (["Pressure"], "Pressure"),
        (["Motor current", "Load"], "Motor current and load"),
        (["Motor current", "Speed", "Load"], "Motor current, speed and load"),
    ],
)
def test_joined_sensors_have_one_name(labels, text):
    assert joined_labels(labels) == text
