"""The judge of the virtual plant's difficulty judges rightly."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import plant as bench
from domain.clock import HOUR
from simulator.history import HistorySpec
from simulator.physics.signals import GAUGES

BINS = 48 * 30


def history(failures: list[tuple[int, int]]) -> bench.History:
    values = np.ones((BINS, 2, len(GAUGES)))
    return bench.History(0, values, np.zeros(2, dtype=np.int64), failures, [], 0.45)


def crossing(*hours: float) -> np.ndarray:
    above = np.zeros((BINS, 2), dtype=bool)
    for hour in hours:
        above[int(hour * 2) - 1, 0] = True
    return above


@pytest.mark.parametrize(
    ("opened", "caught", "false"),
    [(80, 1.0, 0), (97, 0.0, 0), (20, 0.0, 1), (110, 0.0, 0)],
    ids=["in time", "too late", "too early", "while it is repaired"],
)
def test_a_case_counts_by_when_it_opened(opened: float, caught: float, false: int) -> None:
    found = bench.judge_cases(history([(0, 100 * HOUR)]), crossing(opened))

    assert found == (caught, false)


def test_crossings_in_a_row_are_one_case() -> None:
    found = bench.judge_cases(history([]), crossing(50, 51, 60, 61))

    assert found == (0.0, 1)


def test_two_alarms_days_apart_are_two_false_cases() -> None:
    assert bench.judge_cases(history([]), crossing(50, 200)) == (0.0, 2)


def test_the_threshold_keeps_to_the_rate_of_false_cases() -> None:
    rng = np.random.default_rng(1)
    judged = history([(0, 300 * HOUR)])
    score = rng.random((BINS, 2))
    score[580:590, 0] = 5.0

    assert bench.at_rate(judged, score) == 1.0
    assert bench.at_rate(judged, -score) == 0.0


def test_trailing_means_ignore_what_is_missing() -> None:
    values = np.array([1.0, np.nan, 3.0, np.nan])[:, None]

    np.testing.assert_allclose(bench.trailing(values, 2)[:, 0], [1.0, 1.0, 3.0, 3.0])


def test_too_easy_or_too_hard_a_plant_fails() -> None:
    easy = bench.rows(history([(0, 1)] * 3), {"temperature above own": 0.61}, 0.7)
    blind = bench.rows(history([(0, 1)] * 3), {"temperature above own": 0.3}, 0.3)

    assert {row["name"]: row["ok"] for row in easy}["plant_single_sensor"] is False
    assert {row["name"]: row["ok"] for row in blind}["plant_boosted"] is False


def test_a_simulated_history_is_read_as_bins(tmp_path: Path) -> None:
    found = bench.load(tmp_path, HistorySpec(days=3, seed=2, machines=10))

    assert found.values.shape == (3 * 48, 10, len(GAUGES))
    assert np.isfinite(found.values).mean() > 0.5
    assert found.months == pytest.approx(1.0)
    assert bench.labels(found).shape == found.values.shape[:2]
    assert bench.features(found).shape[:2] == found.values.shape[:2]
