"""What would change an answer is asked of the model, for whatever gives a figure."""

import numpy as np

from models.counterfactual import brings_down, raised
from models.explainer import Explainer, Groups

GROUPS = Groups.of(["one", "other"], 1, 1)
HEALTHY = np.zeros((4, 1, 2), np.float32)
WINDOW = np.ones((1, 2), np.float32)


def changed(rule, least=0.1):
    explainer = Explainer(lambda windows: rule(*windows[:, 0].T.astype(np.float64)), GROUPS, HEALTHY)
    return brings_down(explainer, WINDOW, explainer.explain(WINDOW), least)


def test_the_signal_that_matters_is_told_with_the_model_s_own_answer():
    assert changed(lambda one, other: 3 * one + other) == ("one", 1.0)


def test_signals_that_stand_in_for_each_other_change_nothing():
    assert changed(np.maximum) is None


def test_what_falls_by_less_is_not_told():
    assert changed(lambda one, other: 0.05 * one + 0.02 * other) is None


def test_signals_come_by_all_that_they_raised():
    groups = Groups.of(["one", "other"], 2, 2)
    assert raised(groups, np.array([0.3, -0.25, 0.1, 0.1]), 0.01) == ["other", "one"]
