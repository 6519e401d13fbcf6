"""Warnings are judged by failure and by case."""

from dataclasses import replace

import numpy as np
import pytest

from domain.clock import HOUR, MINUTE
from models.failure.events import Track, openings, ranking, safe_rate, tally, threshold_for
from models.failure.labels import watch

DAYS = 10


def track(failures_h=(), maintained_h=(), warned_h=()):
    """A machine scored every half hour for ten days; its score is 0.9 at the hours `warned_h`."""
    at = np.arange(DAYS * 48, dtype=np.int64) * 30 * MINUTE
    failures = np.array([h * HOUR for h in failures_h], dtype=np.int64)
    stops = np.array([h * HOUR for h in maintained_h], dtype=np.int64)
    seen = watch(at, failures, stops, DAYS * 24 * HOUR)
    score = np.full(len(at), 0.1)
    for hour in warned_h:
        score[int(hour * 2)] = 0.9
    return Track(at, seen.end_us, seen.failure_us, failures, score)


def counts(one):
    found = tally([one], 0.5)
    return found.failures, found.warned, found.cases, found.false


def test_a_warning_in_time_is_a_hit():
    assert counts(track(failures_h=[100], warned_h=[90])) == (1, 1, 1, 0)


def test_a_warning_later_than_the_lead_time_is_none_but_no_false_case():
    assert counts(track(failures_h=[100], warned_h=[97])) == (1, 0, 1, 0)


def test_a_warning_earlier_than_the_horizon_is_false():
    assert counts(track(failures_h=[100], warned_h=[70])) == (1, 0, 1, 1)


def test_one_open_case_per_machine():
    assert counts(track(warned_h=range(50, 70))) == (0, 0, 1, 1)
    assert counts(track(warned_h=[50, 74])) == (0, 0, 2, 2)
    assert openings(track(warned_h=[50, 60, 74]), 0.5).tolist() == [100, 148]


def test_a_case_ends_with_the_failure():
    one = track(failures_h=[100, 130], warned_h=[95, 120])
    assert counts(one) == (2, 2, 2, 0)


def test_a_maintenance_leaves_the_case_undecided():
    assert counts(track(maintained_h=[60], warned_h=[50])) == (0, 0, 0, 0)


def test_rates_are_per_machine_and_month():
    found = tally([track(warned_h=[50]), track()], 0.5)
    assert found.months == pytest.approx(2 * DAYS / 30)
    assert found.false_rate == pytest.approx(1.5)


def test_the_threshold_keeps_to_the_rate():
    draw = np.random.default_rng(5)
    rows = [track(failures_h=[100]).with_score(draw.random(DAYS * 48)) for _ in range(40)]
    threshold = threshold_for(rows, 1.0)
    assert tally(rows, threshold).false_rate <= 1.0
    assert tally(rows, threshold).cases > 0
    assert tally(rows, threshold * 0.99).false_rate > 1.0


def test_the_lead_of_every_true_case_is_kept_also_of_one_too_late():
    found = tally([track(failures_h=[60, 100, 200], warned_h=[50, 98, 190.5])], 0.5)
    assert found.leads_h == (2.0, 9.5, 10.0)
    assert found.lead_h(0.5) == 9.5
    assert found.warned == 2
    assert tally([track()], 0.5).lead_h(0.5) == 0.0


def test_failures_are_counted_by_diagnosed_cause():
    one = replace(track(failures_h=[60, 100, 200], warned_h=[50, 190]), causes=("leak", "leak", ""))
    two = replace(track(failures_h=[80], warned_h=[70]), causes=("bearing",))
    assert tally([one, two], 0.5).causes == {"leak": (2, 1), "bearing": (1, 1)}


def test_a_rate_is_kept_to_surely_the_more_the_longer_one_has_watched():
    assert safe_rate(0.5, 600) == pytest.approx(0.5 - 1.645 * (0.5 / 600) ** 0.5)
    assert safe_rate(0.5, 600) < safe_rate(0.5, 6_000) < 0.5
    assert safe_rate(0.5, 1) == 0.25


def test_the_area_under_the_curve_counts_ties_as_half():
    label = np.array([0, 0, 1, 1, np.nan])
    assert ranking(label, np.array([1.0, 2, 3, 4, 0])) == 1.0
    assert ranking(label, np.array([1.0, 1, 1, 1, 0])) == 0.5
    assert ranking(label, np.array([1.0, 3, 2, 4, 9])) == 0.75
