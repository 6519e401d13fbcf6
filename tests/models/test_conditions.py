"""Operating conditions: found in training, scaled by, and refused where training did not see them."""

import numpy as np
import pytest

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.failure import cmapss, conditions
from models.failure.card import read_card
from models.failure.evaluate import engine_windows
from models.failure.problem import cmapss_problem
from tests.models.test_cmapss import MODEL

FLOWN = np.array([[0.0, 0.0, 100.0], [25.0, 0.62, 60.0], [35.0, 0.84, 100.0]])


def write_flights(path, lives, seed):
    """Engines that change condition every cycle; sensors depend on it, and one says nothing at all."""
    draw = np.random.default_rng(seed)
    rows = []
    for unit, cycles in enumerate(lives, start=1):
        for cycle in range(1, cycles + 1):
            flown = int(draw.integers(3))
            sensors = 100.0 * (1 + flown) + np.arange(21) + draw.normal(0, 0.3, 21) + 0.01 * cycle
            sensors[[0, 4]] = 50.0 * flown  # constant in each condition
            sensors[5] = 30.0 if flown else draw.normal(21, 1)
            rows.append([unit, cycle, *(FLOWN[flown] + draw.normal(0, 0.001, 3)), *sensors])
    np.savetxt(path, rows, fmt="%.4f")


@pytest.fixture
def data(tmp_path):
    write_flights(tmp_path / "train_FD002.txt", (180, 170, 190), 1)
    write_flights(tmp_path / "test_FD002.txt", (40, 90), 2)
    return DataSpec("cmapss", tmp_path, "FD002")


def test_the_conditions_are_where_the_settings_gather(data):
    centres = cmapss.centres(cmapss.engines(data, "train"))
    np.testing.assert_allclose(centres, FLOWN, atol=0.01)


def test_scatter_across_an_edge_of_the_grid_is_one_condition():
    draw = np.random.default_rng(3)
    settings = np.array([25.0, 0.625, 65.0]) + draw.normal(0, 0.003, (500, 3))
    assert len(conditions.found(settings)) == 1


def test_a_sensor_that_is_constant_in_every_condition_is_dropped(data):
    names = cmapss.varying(cmapss.engines(data, "train"))
    assert not {"s1", "s5"} & set(names)
    assert "s6" in names


def test_sensors_are_scaled_by_condition_and_mute_where_they_are_constant(data):
    problem = cmapss_problem(data)
    place = problem.window.channels.index("s6")
    level = problem.window.channels.index("s2")
    assert np.isfinite(problem.scale[0, place])
    assert np.isinf(problem.scale[1:, place]).all()
    assert np.isinf(problem.scale[:, :3]).all()
    np.testing.assert_allclose(problem.mean[:, level], [102, 202, 302], atol=1.0)
    assert (problem.scale[:, level] < 1).all()
    np.testing.assert_allclose(problem.window.conditions, FLOWN, atol=0.01)
    assert problem.words.name == "cmapss_fd002"


def test_a_member_is_scaled_by_the_engines_that_it_learns_from(data):
    problem = cmapss_problem(data)
    part = problem.samples.take(problem.samples.group % 2 == 0)
    own, whole = problem.scaled_by(part), problem.scaled_by(problem.samples)
    np.testing.assert_array_equal(whole.mean, problem.mean)
    np.testing.assert_array_equal(whole.scale, problem.scale)
    assert own.mean.shape == problem.mean.shape and not np.array_equal(own.mean, problem.mean)
    level = problem.window.channels.index("s2")
    np.testing.assert_allclose(own.mean[:, level], problem.mean[:, level], atol=0.5)


def test_a_condition_that_training_did_not_see_is_refused(data):
    centres = cmapss.centres(cmapss.engines(data, "train"))
    with pytest.raises(SettingsError, match="not seen in training"):
        conditions.places(np.array([[42.0, 0.84, 100.0]]), centres)
    card = read_card(MODEL)
    window = card.window.model_copy(update={"conditions": ((42.0, 0.84, 100.0),)})
    with pytest.raises(SettingsError, match="operating condition"):
        engine_windows(card.model_copy(update={"window": window}), cmapss.engines(data, "test"))


def test_settings_that_gather_nowhere_are_refused():
    spread = np.random.default_rng(4).uniform(0, 1_000, (30, 3))
    with pytest.raises(SettingsError, match="gather nowhere"):
        conditions.found(spread)
