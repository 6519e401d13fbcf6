"""Readings in other units, stuck ones and ones far outside of training never give a confident answer."""

from pathlib import Path

import numpy as np
import pytest

from domain.errors import SettingsError
from models.classification import ai4i, known, mill
from models.classification.card import Card
from models.dataspec import DataSpec
from tests.models.classification.sets import write_ai4i, write_mill

AIR, PROCESS, SPEED, TORQUE, WEAR = range(5)


def card_of(columns, raw, usual=(0.9, 0.1)):
    """A card with what training saw of `raw`, and nothing else that matters here."""
    return Card.model_construct(
        cases=len(raw), labels=("0", "1"), ranges=known.ranges(columns, raw), usual=usual
    )


@pytest.fixture(scope="module")
def milling(tmp_path_factory):
    """Card of 2,000 cases, and the readings of 600 others."""
    cases = [
        ai4i.read(DataSpec("ai4i2020", write_ai4i(tmp_path_factory.mktemp("m"), rows, seed)), "failure").raw
        for rows, seed in ((2_000, 1), (600, 2))
    ]
    return card_of(ai4i.COLUMNS, cases[0]), cases[1]


def changed(raw, column, factor=1.0, shift=0.0):
    out = raw.copy()
    out[..., column] = out[..., column] * factor + shift
    return out


@pytest.mark.parametrize("count", [1, 10, 60, 600])
def test_cases_like_those_of_training_pass_untouched(milling, count):
    card, raw = milling
    known.check(card, raw[:count])
    p = np.tile([0.2, 0.8], (count, 1))
    np.testing.assert_array_equal(known.towards_usual(card, p, raw[:count]), p)


@pytest.mark.parametrize(
    ("column", "factor", "shift", "count"),
    [
        (AIR, 1, -273.15, 1),
        (AIR, 1.8, -459.67, 10),
        (PROCESS, 1, -273.15, 10),
        (SPEED, 1 / 60, 0, 1),
        (SPEED, 2 * np.pi / 60, 0, 10),
        (WEAR, 60, 0, 60),
        (WEAR, 1 / 60, 0, 600),
        (TORQUE, 0.7376, 0, 600),
    ],
)
def test_another_unit_is_refused(milling, column, factor, shift, count):
    card, raw = milling
    with pytest.raises(SettingsError, match="another unit") as caught:
        known.check(card, changed(raw, column, factor, shift)[:count])
    assert ai4i.COLUMNS[column] in str(caught.value)


def test_a_sensor_that_stands_still_is_refused_once_that_shows(milling):
    card, raw = milling
    stuck = changed(raw, TORQUE, 0, 40)
    known.check(card, stuck[:29])
    with pytest.raises(SettingsError, match="stands still at 40"):
        known.check(card, stuck[:30])
    known.check(card, changed(raw, 5, 0, 1)[:60])  # one grade alone is a lot, no stuck sensor


@pytest.mark.parametrize("torque", [9_999, -500, 150])
def test_one_case_far_outside_gets_the_usual_shares(milling, torque):
    card, raw = milling
    some = raw[:5].copy()
    some[2, 0, TORQUE] = torque
    known.check(card, some)
    p = known.towards_usual(card, np.tile([0.0, 1.0], (5, 1)), some)
    np.testing.assert_allclose(p[2], [0.9, 0.1])
    np.testing.assert_allclose(p[[0, 1, 3, 4]], np.tile([0.0, 1.0], (4, 1)))


def test_trust_falls_with_the_distance(milling):
    card, raw = milling
    high, span = card.ranges[TORQUE].high, card.ranges[TORQUE].high - card.ranges[TORQUE].low
    cases = np.repeat(raw[:1], 5, axis=0)
    cases[:, 0, TORQUE] = high + span * np.array([0.0, 0.05, 0.3, 0.5, 0.7])
    found = known.share(card, cases)
    assert found[0] == found[1] == 1 and found[4] == 0
    assert 1 > found[2] > found[3] > 0


def test_an_older_card_without_shares_says_all_labels_alike(milling):
    card, raw = milling
    older = card.model_copy(update={"usual": ()})
    np.testing.assert_allclose(
        known.towards_usual(older, np.array([[0.0, 1.0]]), changed(raw[:1], TORQUE, 0, 9_999)), [[0.5, 0.5]]
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.assign(M1_CURRENT_FEEDRATE=f["M1_CURRENT_FEEDRATE"] / 3600), "feed rate.* another unit"),
        (lambda f: f.assign(S1_CurrentFeedback=0.0), "S1 CurrentFeedback"),
        (lambda f: f.assign(S1_ActualAcceleration=f["S1_ActualAcceleration"] * 1e3), "S1 Acceleration"),
    ],
)
def test_an_experiment_of_a_stuck_or_foreign_spindle_is_refused(tmp_path: Path, change, said):
    import pandas as pd

    raw = mill.read(DataSpec("cnc_mill_tool_wear", write_mill(tmp_path, 12, 1)), "tool").raw
    card = card_of(mill.COLUMNS, raw)
    path = write_mill(tmp_path / "new", 1, 2) / "experiment_01.csv"
    known.check(card, mill.read(DataSpec("cnc_mill_tool_wear", path.parent), "tool").raw)
    change(pd.read_csv(path)).to_csv(path, index=False)
    with pytest.raises(SettingsError, match=said):
        known.check(card, mill.read(DataSpec("cnc_mill_tool_wear", path.parent), "tool").raw)
