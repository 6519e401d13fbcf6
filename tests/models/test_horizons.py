"""Chances by horizon: what came is weighed for what nobody saw, and what is stated comes true."""

import numpy as np
import pytest

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.failure import horizons, session
from models.failure.card import read_card
from models.failure.extend import extend
from models.failure.samples import Samples
from tests.models.test_artifacts import ARTIFACTS

COUNT = 20_000
AT = (8.0, 24.0, 72.0)


def drawn(rate, censored_rate, seed=1):
    """Windows whose life is exponential with `rate` (N,), ended by a maintenance at another rate."""
    draw = np.random.default_rng(seed)
    life, end = draw.exponential(1 / rate), draw.exponential(1 / censored_rate, len(rate))
    known = life <= end
    nothing = np.zeros(len(rate), np.int64)
    return Samples(
        np.zeros((len(rate), 1, 1), np.float32), np.minimum(life, end).astype(np.float32), known,
        known.astype(np.float32), nothing, nothing, np.ones(len(rate), np.float32),
    )  # fmt: skip


def test_censored_windows_do_not_make_a_fleet_look_healthier():
    samples = drawn(np.full(COUNT, 1 / 60), 1 / 40)
    for horizon in AT:
        came = horizons.seen(samples, horizon)
        true = 1 - np.exp(-horizon / 60)
        assert np.average(came.failed, weights=came.weight) == pytest.approx(true, abs=0.02)
        naive = (samples.observed & (samples.life <= horizon)).mean()
        assert naive < true - 0.005


def test_equal_times_are_one_moment():
    until = np.array([1.0, 1.0, 2.0, 2.0])
    hidden = np.array([True, False, False, True])
    samples = Samples(
        np.zeros((4, 1, 1), np.float32), until.astype(np.float32), ~hidden, np.zeros(4, np.float32),
        np.zeros(4, np.int64), np.zeros(4, np.int64), np.ones(4, np.float32),
    )  # fmt: skip
    came = horizons.seen(samples, 10.0)
    np.testing.assert_allclose(came.weight, [0, 1, 4 / 3, 0])


def test_what_is_stated_comes_true_and_beats_the_base_rate():
    draw = np.random.default_rng(2)
    rate = np.exp(draw.normal(-5, 1.2, COUNT))
    logit = np.log(rate) * 0.5 + draw.normal(0, 0.3, COUNT)
    alive = np.exp(-3 * rate[:, None] * np.array(AT))  # far too grim
    learn, judge = drawn(rate, 1 / 60, 3), drawn(rate, 1 / 60, 4)
    weights = horizons.fit(logit, alive, learn, AT)
    chance = horizons.chances(logit, alive, weights)
    figures = horizons.brier(chance, judge, AT, "h")
    for horizon in AT:
        name = f"{horizon:g}_h"
        assert figures[f"stated_{name}"] == pytest.approx(figures[f"found_{name}"], abs=0.02)
        assert figures[f"ipcw_brier_{name}"] < 0.95 * figures[f"ipcw_brier_{name}_base_rate"]
    assert (np.diff(chance, axis=1) >= 0).all()


def test_survival_is_read_between_the_edges():
    read = horizons.at(np.array([0.0, 10.0, 20.0]), (5.0, 10.0, 20.0))
    alive = np.array([[1.0, 0.8, 0.2]])
    np.testing.assert_allclose(alive @ read, [[0.9, 0.8, 0.2]], atol=1e-6)


def test_the_shipped_plant_model_states_a_rising_chance_by_horizon():
    folder = ARTIFACTS / "plant_failure"
    card = read_card(folder)
    assert card.horizons == (8.0, 24.0, 72.0, 168.0)
    with np.load(folder / "golden.npz") as golden:
        said = session.fetch(session.open_session(folder / "model.onnx"), "horizons", golden["window"])
    assert said.shape == (16, 4)
    assert (np.diff(said, axis=1) >= 0).all() and (said >= 0).all() and (said <= 1).all()
    for horizon in card.horizons:
        name = f"{horizon:g}_h"
        assert card.test[f"ipcw_brier_{name}"] < card.test[f"ipcw_brier_{name}_base_rate"]


def test_only_a_plant_model_without_horizons_is_given_them(tmp_path):
    for name in ("plant_failure", "cmapss_fd001"):
        with pytest.raises(SettingsError, match="no plant model without horizons"):
            extend(ARTIFACTS / name, DataSpec("plant", tmp_path), tmp_path / "out")
