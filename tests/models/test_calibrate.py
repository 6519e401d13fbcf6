"""Calibration: probabilities that mean what they say, intervals that miss as often as they may."""

import numpy as np
import pytest

from models.failure.calibrate import margin, platt, sigmoid
from models.failure.samples import folds, one_per_run


def test_platt_finds_the_scale_of_a_logit_that_is_too_sure():
    draw = np.random.default_rng(1)
    true = draw.normal(-2, 1.5, 20_000)
    label = (draw.random(20_000) < sigmoid(true)).astype(np.float32)
    label[::50] = np.nan
    slope, offset = platt(3 * true + 1, label, np.ones(20_000))
    assert slope == pytest.approx(1 / 3, abs=0.02)
    assert offset == pytest.approx(-1 / 3, abs=0.05)


def test_platt_undoes_uneven_sampling():
    draw = np.random.default_rng(2)
    true = draw.normal(-2, 1.5, 60_000)
    label = (draw.random(60_000) < sigmoid(true)).astype(np.float32)
    kept = (label == 1) | (np.arange(60_000) % 10 == 0)
    weight = np.where(label == 1, 1.0, 10.0)
    slope, offset = platt(true[kept], label[kept], weight[kept])
    assert slope == pytest.approx(1, abs=0.08)
    assert offset == pytest.approx(0, abs=0.12)


def test_the_margin_covers_new_runs():
    draw = np.random.default_rng(3)
    runs = np.repeat(np.arange(200), 30)
    shift = draw.normal(0, 10, 200)[runs]
    life = 100 + shift + draw.normal(0, 2, len(runs))
    low, high = np.full(len(runs), 95.0), np.full(len(runs), 105.0)
    below, above = margin(low, high, life, runs)
    fresh = 100 + draw.normal(0, 10, 4_000) + draw.normal(0, 2, 4_000)
    inside = (fresh >= 95 - below) & (fresh <= 105 + above)
    assert 0.86 < inside.mean() < 0.95


def test_a_run_gives_one_window():
    runs = np.repeat([4, 9, 2], [3, 5, 1])
    chosen = one_per_run(runs, 0)
    assert sorted(runs[chosen]) == [2, 4, 9]


def test_folds_keep_runs_together():
    runs = np.repeat(np.arange(17), np.arange(1, 18))
    fold = folds(runs, 5, 3)
    assert set(fold) == set(range(5))
    assert all(len(set(fold[runs == run])) == 1 for run in range(17))
    np.testing.assert_array_equal(fold, folds(runs, 5, 3))
