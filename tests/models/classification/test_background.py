"""The background of an explanation states the real usual rate."""

import numpy as np
import pytest

from models.classification.background import COUNT, chosen


@pytest.mark.parametrize("seed", range(4))
def test_its_mean_is_that_of_all_cases_though_few_fail(seed: int) -> None:
    draw = np.random.default_rng(seed)
    risk = np.where(draw.random(7_000) < 0.034, draw.uniform(0.7, 1.0, 7_000), draw.uniform(0, 0.01, 7_000))
    p = np.stack((1 - risk, risk), axis=1)
    places = chosen(p, 7)
    assert len(set(places.tolist())) == COUNT and (np.diff(places) > 0).all()
    assert abs(p[places, 1].mean() - risk.mean()) < 0.002


def test_every_label_keeps_its_share() -> None:
    truth = np.repeat(np.arange(7), (449, 268, 261, 127, 105, 48, 37))
    p = np.eye(7)[truth]
    assert np.abs(p[chosen(p, 7)].mean(axis=0) - p.mean(axis=0)).max() < 0.03


def test_few_cases_are_all_taken() -> None:
    assert chosen(np.full((12, 2), 0.5), 7).tolist() == list(range(12))
