"""A recording with other steps, gaps or signals that stand still is not judged as if it were whole."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.anomaly import sound
from models.anomaly.card import Card
from models.anomaly.deviation import Settings
from models.anomaly.kinds import read_skab
from models.dataspec import DataSpec
from tests.models.anomaly.sets import NAMES, write_skab

SETTINGS = Settings()


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return read_skab(DataSpec("skab", write_skab(tmp_path_factory.mktemp("skab"), 4, 1)))


@pytest.fixture(scope="module")
def card(runs):
    return Card.model_construct(channels=NAMES, sound=sound.note(runs[:3], SETTINGS))


def timed(run, seconds):
    times = pd.Timestamp("2020-03-09") + pd.to_timedelta(seconds, unit="s")
    return replace(run, times=tuple(times.strftime("%Y-%m-%d %H:%M:%S")))


def test_a_run_like_those_of_training_is_left_as_it_is(card, runs):
    found = sound.check(card, runs[3], SETTINGS)
    assert not found.left_out.any() and not found.still.any()
    np.testing.assert_array_equal(found.values, runs[3].values)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (np.arange(600) * 5, "a reading every 5 s, and training saw 1 to 1 s"),
        (np.zeros(600), "a reading every 0 s"),
        (np.r_[np.arange(450), 900 + np.arange(150)], "a gap of 451 readings"),
    ],
)
def test_other_steps_and_long_gaps_are_not_judged_and_the_file_is_named(card, runs, seconds, said):
    with pytest.raises(sound.NotJudged, match=said) as caught:
        sound.check(card, timed(runs[3], seconds), SETTINGS)
    assert runs[3].file in str(caught.value)


def test_a_short_gap_is_judged(card, runs):
    assert not sound.check(
        card, timed(runs[3], np.r_[np.arange(450), 520 + np.arange(150)]), SETTINGS
    ).left_out.any()


def stuck(run, columns, first, last):
    values = run.values.copy()
    values[first:last, columns] = values[first, columns]
    return replace(run, values=values)


def test_a_signal_that_stands_still_in_the_beginning_is_left_out_for_good(card, runs):
    found = sound.check(card, stuck(runs[3], [3], 0, 240), SETTINGS)
    assert np.flatnonzero(found.left_out).tolist() == [3]
    assert not found.still.any()
    assert np.ptp(found.values[:, 3]) == 0
    np.testing.assert_array_equal(np.delete(found.values, 3, 1), np.delete(runs[3].values, 3, 1))


def test_too_many_of_them_leave_nothing_to_judge_by(card, runs):
    with pytest.raises(sound.NotJudged, match="Accelerometer1RMS, Accelerometer2RMS, Current stand still"):
        sound.check(card, stuck(runs[3], [0, 1, 2], 0, 600), SETTINGS)


def test_a_signal_that_stops_moving_later_is_said_from_when_it_shows(card, runs):
    found = sound.check(card, stuck(runs[3], [3], 400, 600), SETTINGS)
    assert not found.left_out.any()
    assert np.flatnonzero(found.still.any(axis=1)).tolist() == list(range(400 + sound.STILL_LEAST, 600))
    assert np.flatnonzero(found.still.any(axis=0)).tolist() == [3]


def test_a_card_of_before_judges_every_run(runs):
    found = sound.check(
        Card.model_construct(channels=NAMES, sound=None), stuck(runs[3], [3], 0, 600), SETTINGS
    )
    assert not found.left_out.any() and not found.still.any()


def test_a_signal_that_moves_in_levels_may_stand_as_long_as_it_did(runs):
    coarse = [replace(run, values=run.values.copy()) for run in runs]
    for run in coarse:
        run.values[:, 3] = np.arange(600) // 40 % 7
    known = Card.model_construct(channels=NAMES, sound=sound.note(coarse[:3], SETTINGS))
    assert known.sound.still[3] == 40
    assert not sound.check(known, coarse[3], SETTINGS).still.any()
    assert not sound.check(known, stuck(coarse[3], [3], 400, 515), SETTINGS).still.any()
    assert sound.check(known, stuck(coarse[3], [3], 400, 600), SETTINGS).still.any()
