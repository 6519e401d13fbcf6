from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInput
from models import shap_check
from models.explainer import TOLERANCE, Explainer, Groups
from models.failure.game import PRECISION, ROUNDS
from models.scorer import Scorer
from tests.models.tiny import write_onnx

STEPS = 16


def make(tmp_path: Path, sensors: int, segments: int, *, background: int = 8, gain: float = 3.0):
    """An explainer over `sensors` x `segments` groups, two rounds of `background` walks, and a window."""
    write_onnx(tmp_path / "m.onnx", STEPS, sensors, gain=gain)
    scorer = Scorer(tmp_path / "m.onnx", STEPS, sensors)
    rng = np.random.default_rng(11)
    groups = Groups.of([f"s{i}" for i in range(sensors)], STEPS, segments)
    healthy = (rng.standard_normal((background, STEPS, sensors)) * 0.3).astype(np.float32)
    window = rng.standard_normal((STEPS, sensors)).astype(np.float32)
    return Explainer(scorer.probability, groups, healthy, rounds=2), window


def yardstick(explainer: Explainer, window):
    return shap_check.mask_model(explainer.model, explainer.groups, window, explainer.background)


def test_twelve_groups_match_shaps_exact_values(tmp_path: Path):
    explainer, window = make(tmp_path, 3, 4, gain=0.5)
    exact = shap_check.exact(yardstick(explainer, window), 12)
    model, groups, healthy = explainer.model, explainer.groups, explainer.background
    found = Explainer(model, groups, healthy, rounds=ROUNDS, precision=PRECISION).explain(window)
    assert np.abs(exact).max() > 0.05
    assert np.abs(found.values - exact).max() < 0.01
    many = Explainer(explainer.model, explainer.groups, explainer.background, rounds=128).explain(window)
    assert np.abs(many.values - exact).max() < 0.002
    assert found.base_value + exact.sum() == pytest.approx(found.output_value, abs=1e-5)


def test_a_harsh_model_is_met_more_closely_than_by_the_librarys_estimate(tmp_path: Path):
    explainer, window = make(tmp_path, 3, 4, gain=3.0)
    value = yardstick(explainer, window)
    exact = shap_check.exact(value, 12)
    ours = np.sqrt(np.mean((explainer.explain(window).values - exact) ** 2))
    theirs = [np.mean((shap_check.permutation(value, 12, seed=seed) - exact) ** 2) for seed in range(10)]
    assert ours < np.sqrt(np.mean(theirs))


def test_the_library_and_we_agree_on_48_groups(tmp_path: Path):
    explainer, window = make(tmp_path, 12, 4, gain=0.5)
    theirs = shap_check.permutation(yardstick(explainer, window), 48, rounds=40)
    ours = Explainer(explainer.model, explainer.groups, explainer.background, rounds=32).explain(window)
    assert np.abs(ours.values - theirs).max() < 0.01
    assert np.corrcoef(ours.values, theirs)[0, 1] > 0.99


def test_contributions_add_up(tmp_path: Path):
    explainer, window = make(tmp_path, 12, 4)
    found = explainer.explain(window)
    assert found.additivity_error <= TOLERANCE
    assert found.output_value == pytest.approx(float(explainer.model(window[None])[0]), abs=1e-7)
    assert found.evaluations == 1 + 2 * 47 * 8


def test_a_larger_background_costs_no_more_and_adds_up(tmp_path: Path):
    explainer, window = make(tmp_path, 4, 4, background=24)
    one = Explainer(explainer.model, explainer.groups, explainer.background, rounds=1, walked=8)
    found = one.explain(window)
    assert found.evaluations == 1 + 2 * 15 * 4
    assert found.additivity_error <= TOLERANCE
    assert found.base_value == pytest.approx(explainer.model(explainer.background).mean())


def test_walking_from_a_part_of_the_background_is_right_in_the_mean(tmp_path: Path):
    explainer, window = make(tmp_path, 3, 4, background=24)
    exact = shap_check.exact(yardstick(explainer, window), 12)
    parts = [
        Explainer(
            explainer.model, explainer.groups, explainer.background, rounds=1, walked=8, seed=seed
        ).explain(window).values
        for seed in range(96)
    ]  # fmt: skip
    off = np.abs(np.mean(parts, axis=0) - exact)
    assert (off < 5 * np.std(parts, axis=0) / np.sqrt(len(parts)) + 1e-6).all()


def test_every_window_of_the_background_has_its_round(tmp_path: Path):
    explainer, window = make(tmp_path, 3, 2, background=24)
    seen = []

    def noting(windows):
        seen.append(windows)
        return explainer.model(windows)

    three = Explainer(noting, explainer.groups, explainer.background, rounds=3, walked=8)
    seen.clear()
    three.explain(window)
    rows = np.concatenate(seen[1:])
    for healthy in three.background:
        assert any((row == healthy).reshape(-1).sum() > healthy.size / 2 for row in rows)


def test_the_same_window_gets_the_same_explanation(tmp_path: Path):
    explainer, window = make(tmp_path, 4, 4)
    assert np.array_equal(explainer.explain(window).values, explainer.explain(window).values)


def test_a_window_from_the_background_explains_only_its_distance_from_the_mean(tmp_path: Path):
    explainer, _ = make(tmp_path, 3, 2, background=1)
    found = explainer.explain(explainer.background[0])
    assert found.values.tolist() == [0.0] * 6
    assert found.evaluations == 1


def test_a_sensor_that_does_not_differ_gets_nothing(tmp_path: Path):
    explainer, window = make(tmp_path, 3, 2, background=1)
    window = window.copy()
    window[:, 1] = explainer.background[0, :, 1]
    values = dict(zip(explainer.groups.names, explainer.explain(window).values, strict=True))
    assert values["s1", 0] == values["s1", 1] == 0.0
    assert values["s0", 0] != 0.0


def test_a_single_player_gets_the_whole_difference(tmp_path: Path):
    explainer, _ = make(tmp_path, 3, 1, background=1)
    window = explainer.background[0].copy()
    window[:, 2] += 2.0
    found = explainer.explain(window)
    assert found.values[2] == pytest.approx(found.output_value - found.base_value)


def test_channels_of_one_sensor_are_one_group():
    groups = Groups.of(["temperature", "pressure", "temperature"], 6, 3)
    assert len(groups) == 6
    assert groups.names[0] == ("temperature", 0)
    assert groups.index[:, 0].tolist() == [0, 0, 1, 1, 2, 2]
    assert np.array_equal(groups.index[:, 0], groups.index[:, 2])
    assert groups.bounds == ((0, 2), (2, 4), (4, 6))


def test_shapes_that_do_not_fit_are_refused(tmp_path: Path):
    explainer, window = make(tmp_path, 3, 2)
    with pytest.raises(InvalidInput):
        explainer.explain(window[:-1])
    with pytest.raises(InvalidInput):
        Explainer(explainer.model, explainer.groups, explainer.background[:0])
    with pytest.raises(InvalidInput):
        Groups.of(["a"], 4, 5)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(0.01, 30), healthy=st.integers(1, 5))
def test_any_window_adds_up(tmp_path: Path, seed: int, scale: float, healthy: int):
    explainer, _ = make(tmp_path, 3, 4, background=healthy)
    window = np.random.default_rng(seed).standard_normal((STEPS, 3)).astype(np.float32) * np.float32(scale)
    found = explainer.explain(window)
    assert found.additivity_error <= TOLERANCE
    assert np.isfinite(found.values).all()
