"""Held-out parts: near-duplicates on one side, labels spread evenly."""

import numpy as np

from models.vision import figures
from models.vision.figures import Held
from models.vision.split import alike, parts


def scenes(count: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    coarse = draw.integers(0, 256, (count, 16, 16), dtype=np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)[:, None]


def test_pictures_of_the_same_place_share_a_group() -> None:
    own = scenes(6, 1)
    darker = (own[:2] * 0.8).astype(np.uint8)
    group = alike(np.concatenate([own, darker]))
    assert group[6] == group[0] and group[7] == group[1]
    assert len(set(group[:6].tolist())) == 6


def test_groups_stay_whole_and_labels_are_spread() -> None:
    labels = np.array(["a", "b", "c"] * 40)
    group = np.arange(120)
    group[1:10] = group[0]
    part = parts(labels, group, 4, 7)
    assert len(set(part[group == 0].tolist())) == 1
    for label in "abc":
        counts = np.bincount(part[labels == label], minlength=4)
        assert counts.max() - counts.min() <= 3
    assert (part == parts(labels, group, 4, 7)).all()


def held(logit, truth, away, patterns=None) -> Held:
    logit = np.asarray(logit, float)
    return Held(
        logit,
        0 * logit if patterns is None else np.asarray(patterns, float),
        np.asarray(truth),
        np.asarray(away, float),
    )


def test_the_temperature_cools_what_is_too_sure() -> None:
    draw = np.random.default_rng(0)
    truth = draw.integers(0, 3, 600)
    said = np.where(draw.random(600) < 0.8, truth, (truth + 1) % 3)
    loud = [held(12.0 * np.eye(3)[said], truth, np.zeros(600))]
    warmth = figures.temperature(loud)
    p = figures.softmax(loud[0].logit / warmth)
    assert warmth > 2 and abs(p.max(axis=1).mean() - 0.8) < 0.05
    assert figures.calibration_error(p, truth) < 0.05


def test_patterns_get_a_say_where_they_help() -> None:
    draw = np.random.default_rng(0)
    truth = draw.integers(0, 3, 300)
    unsure = draw.normal(0, 0.1, (300, 3))
    assert figures.say([held(unsure, truth, np.zeros(300), np.eye(3)[truth])]) > 0
    assert figures.say([held(np.eye(3)[truth], truth, np.zeros(300))]) == 0
