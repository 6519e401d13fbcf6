import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from models.classification.folds import parts
from models.classification.judge import Rule, average_precision, f1_of, figures, threshold_for_f1


@pytest.fixture
def drawn():
    draw = np.random.default_rng(4)
    truth = draw.random(300) < 0.2
    return truth, np.round(np.where(truth, draw.beta(3, 2, 300), draw.beta(2, 4, 300)), 2)


def test_the_threshold_has_the_best_f1_of_all(drawn):
    truth, p = drawn
    found = f1_score(truth, p >= threshold_for_f1(truth, p))
    assert found == pytest.approx(max(f1_score(truth, p >= t) for t in np.unique(p)))


def test_average_precision_is_that_of_the_library(drawn):
    truth, p = drawn
    assert average_precision(truth, p) == pytest.approx(average_precision_score(truth, p))


def test_f1_is_that_of_the_library():
    draw = np.random.default_rng(1)
    truth, found = draw.choice(["a", "b", "c"], 80), draw.choice(["a", "b", "c"], 80)
    ours = [f1_of(truth, found, name) for name in "abc"]
    assert np.mean(ours) == pytest.approx(f1_score(truth, found, average="macro"))


def test_without_a_threshold_the_likeliest_label_is_taken():
    p = np.array([[0.2, 0.8], [0.6, 0.4]])
    assert Rule(("no", "yes"), "", None).decide(p).tolist() == ["yes", "no"]
    assert Rule(("no", "yes"), "yes", 0.3).decide(p).tolist() == ["yes", "yes"]


def test_a_perfect_answer_has_perfect_figures():
    found = figures(Rule(("n", "y"), "y", None), np.array(["n", "y"]), np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert {found[key] for key in ("accuracy", "macro_f1", "f1", "precision", "recall", "pr_auc")} == {1.0}
    assert found["brier"] == 0


def test_every_fold_has_its_share_of_every_label():
    truth = np.array(["a"] * 50 + ["b"] * 10)
    fold = parts(truth, 5, 3)
    assert [int((fold == k).sum()) for k in range(5)] == [12] * 5
    assert [int((truth[fold == k] == "b").sum()) for k in range(5)] == [2] * 5
