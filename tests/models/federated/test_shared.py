"""What leaves a plant, and how it is put together."""

from itertools import pairwise

import numpy as np
import pytest

from domain.errors import SettingsError
from models.failure import calibrate
from models.failure.samples import Layout, Samples
from models.federated import shared

LAYOUT = Layout(3, 2, 2, (0, 0, 1))


def windows(count: int, seed: int, kind: int = 0) -> Samples:
    draw = np.random.default_rng(seed)
    values = draw.normal((5.0, -2.0, 100.0), (1.0, 0.5, 20.0), (count, 4, 3)).astype(np.float32)
    masks = (draw.random((count, 4, 2)) < 0.9).astype(np.float32)
    groups = np.zeros((count, 4, 2), np.float32)
    groups[:, :, kind] = 1
    rows = np.concatenate((values, masks, groups), axis=2)
    nothing = np.zeros(count, np.float32)
    whole = np.zeros(count, np.int64)
    return Samples(rows, nothing, nothing > 1, nothing, whole, whole, nothing + 1)


def test_sums_of_plants_give_the_scaling_of_all_windows_together():
    parts = [windows(400, 1), windows(900, 2)]
    mean, scale = shared.scaling([shared.sums(part, LAYOUT) for part in parts])
    rows = np.concatenate([part.windows[:, -1] for part in parts]).astype(np.float64)
    for value, mask in enumerate(LAYOUT.mask_of):
        seen = rows[rows[:, 3 + mask] > 0, value]
        assert mean[0, value] == pytest.approx(seen.mean(), rel=1e-5)
        assert scale[0, value] == pytest.approx(seen.std(), rel=1e-4)
    assert mean[1].tolist() == [0, 0, 0]
    assert scale[1].tolist() == [1, 1, 1]


def test_few_windows_say_nothing_of_themselves():
    assert not shared.sums(windows(shared.FEWEST - 1, 3), LAYOUT).any()
    assert shared.sums(windows(shared.FEWEST, 3), LAYOUT).any()


def test_what_leaves_has_one_size_however_much_a_plant_saw():
    few, many = windows(60, 4), windows(5_000, 5)
    logit, label = np.linspace(-3, 3, 5_000), np.zeros(5_000)
    assert shared.sums(few, LAYOUT).shape == shared.sums(many, LAYOUT).shape
    one = shared.logits(logit[:60], label[:60], label[:60] + 1)
    assert one.shape == shared.logits(logit, label, label + 1).shape
    assert shared.misses(logit[:60], 168.0).shape == shared.misses(logit, 168.0).shape


def test_weights_are_averaged_by_windows_and_must_be_numbers():
    states = [{"w": np.array([1.0, 2.0], np.float32)}, {"w": np.array([4.0, 8.0], np.float32)}]
    found = shared.averaged(states, [2.0, 1.0])["w"]
    assert found.tolist() == [2.0, 4.0]
    assert found.dtype == np.float32
    with pytest.raises(SettingsError, match="no numbers"):
        shared.averaged([states[0], {"w": np.array([np.nan, 0], np.float32)}], [1.0, 1.0])


def test_a_probability_from_histograms_is_that_from_the_windows():
    draw = np.random.default_rng(6)
    logit = draw.normal(-1, 2, 20_000)
    label = (draw.random(20_000) < calibrate.sigmoid(0.7 * logit - 0.4)).astype(np.float64)
    label[::50] = np.nan
    weight = np.where(draw.random(20_000) < 0.5, 1.0, 16.0)
    cuts = np.array_split(np.arange(20_000), 3)
    parts = [shared.logits(logit[cut], label[cut], weight[cut]) for cut in cuts]
    assert shared.platt(parts) == pytest.approx(calibrate.platt(logit, label, weight), abs=0.01)


def test_the_margin_holds_the_asked_share_of_windows():
    draw = np.random.default_rng(7)
    scores = [draw.normal(0, 10, 3_000), draw.normal(5, 10, 1_000)]
    found = shared.margin([shared.misses(one, 168.0) for one in scores], 400.0, 168.0)
    inside = (np.concatenate(scores) <= found).mean()
    assert 0.9 <= inside < 0.93


def test_the_threshold_keeps_to_the_false_rate_over_all_plants():
    steps = len(shared.THRESHOLDS)
    false = np.linspace(20, 0, steps)
    rows = np.stack(
        (np.full(steps, 10), np.linspace(9, 0, steps), false + 5, false, np.full(steps, 6)), axis=1
    )
    value, figures = shared.threshold([rows, rows])
    place = int(np.flatnonzero(value == shared.THRESHOLDS)[0])
    assert figures["false_cases_per_machine_month"] == pytest.approx(false[place] / 6)
    assert false[place] / 6 <= 0.5 < false[place - 1] / 6
    assert figures["recall"] == pytest.approx(rows[place, 1] / 10)


def test_steps_grow_smaller_to_the_end():
    found = [shared.rate(3e-3, number, 6) for number in range(6)]
    assert found[0] == pytest.approx(1.5e-3)
    assert all(a > b > 0 for a, b in pairwise(found[1:]))
