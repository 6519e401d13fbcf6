"""Calibration: probabilities that mean what they say, intervals that miss as often as they may."""

import numpy as np
import pytest

from models.failure.calibrate import inside, margin, platt, sigmoid, widened, winkler
from models.failure.interval import cross_validated
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
    life = 100 + draw.normal(0, 10, 200)[runs] + draw.normal(0, 2, len(runs))
    rul = np.tile([95.0, 100.0, 105.0], (len(runs), 1))
    found = margin(rul, life, runs, 1_000)
    fresh = 100 + draw.normal(0, 10, 4_000) + draw.normal(0, 2, 4_000)
    held = inside(widened(rul[:1].repeat(4_000, axis=0), found, 1_000), fresh, 1_000)
    assert 0.86 < held.mean() < 0.95


def test_an_interval_that_is_too_wide_is_drawn_in():
    draw = np.random.default_rng(4)
    runs = np.arange(500)
    life = 100 + draw.normal(0, 5, 500)
    rul = np.tile([50.0, 100.0, 150.0], (500, 1))
    found = margin(rul, life, runs, 1_000)
    assert found == pytest.approx(-50 + 1.645 * 5, abs=1.5)
    assert inside(widened(rul, found, 1_000), life, 1_000).mean() == pytest.approx(0.9, abs=0.02)


def test_an_end_at_the_limit_stays_open():
    rul = np.array([[80.0, 100.0, 125.0], [80.0, 100.0, 120.0], [2.0, 4.0, 9.0]])
    np.testing.assert_allclose(widened(rul, 6.0, 125.0), [[74, 100, 125], [74, 100, 125], [0, 4, 15]])
    np.testing.assert_allclose(widened(rul, -30.0, 125.0), [[100, 100, 125], [100, 100, 100], [4, 4, 4]])
    np.testing.assert_array_equal(inside(rul, np.array([300.0, 300.0, 1.0]), 125.0), [True, False, False])


def test_the_winkler_score_is_the_width_and_a_penalty():
    rul = np.array([[10.0, 20.0, 30.0], [10.0, 20.0, 30.0], [10.0, 20.0, 30.0]])
    assert winkler(rul, np.array([15.0, 8.0, 33.0]), 125.0) == pytest.approx((20 + (20 + 40) + (20 + 60)) / 3)


def test_an_interval_that_knows_more_beats_one_width_for_all():
    draw = np.random.default_rng(5)
    runs = np.repeat(np.arange(100), 40)
    spread = draw.uniform(1, 20, len(runs))
    life = 60 + spread * draw.normal(0, 1, len(runs))
    rul = np.stack((60 - 1.7 * spread, np.full(len(runs), 60.0), 60 + 1.7 * spread), axis=1)
    found = cross_validated(rul, life, runs, folds(runs, 5, 1), 1_000)
    assert 0.88 < found["interval_coverage"] < 0.92
    assert 0.88 < found["constant_coverage"] < 0.92
    assert found["interval_winkler"] < found["constant_winkler"]


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
