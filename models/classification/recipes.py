"""What can be trained: the candidates, of which training chooses one by itself, and the peers to beat."""

from collections.abc import Callable
from typing import Any

SEEDS = (7, 8, 9)
FOLDS = 5
INNER_FOLDS = 3
NOT_WRITTEN = frozenset({"hist_boosting"})  # the exporter cannot write it: judged in cross-validation only


def estimator(name: str, seed: int) -> Any:
    """An untrained scikit-learn classifier; the same seed on the same machine trains the same model."""
    return _MAKERS[name](seed)


def settings(name: str) -> dict[str, float | int | str]:
    """For the card."""
    found = estimator(name, SEEDS[0]).get_params(deep=True)
    return {key: value for key, value in found.items() if isinstance(value, int | float | str)}


def _forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(120, min_samples_leaf=2, max_features=0.5, random_state=seed)


def _extra_trees(seed: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(200, max_features=0.5, class_weight="balanced", random_state=seed)


def _boosting(seed: int) -> Any:
    """Gradient boosting as it comes, on most sets: it serves, or is the peer to beat."""
    from sklearn.ensemble import GradientBoostingClassifier

    return GradientBoostingClassifier(n_estimators=150, subsample=0.8, random_state=seed)


def _hist_boosting(seed: int) -> Any:
    """The peer of most papers: histogram gradient boosting as it comes."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(random_state=seed)


def _boosting_tuned(seed: int) -> Any:
    from sklearn.ensemble import GradientBoostingClassifier

    return GradientBoostingClassifier(
        n_estimators=120, learning_rate=0.08, max_depth=5, subsample=0.7, max_features=0.3,
        min_samples_leaf=4, random_state=seed,
    )  # fmt: skip


def _trees(seed: int) -> Any:
    """Two kinds of trees that err in different places, averaged."""
    from sklearn.ensemble import VotingClassifier

    members = [("extra_trees", _extra_trees(seed)), ("boosting", _boosting_tuned(seed))]
    return VotingClassifier(members, voting="soft", flatten_transform=False)


def _logistic(seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2_000, random_state=seed))


def _network(seed: int) -> Any:
    """The peer for few cases: a small network, held back."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    network = MLPClassifier((8,), alpha=0.1, solver="lbfgs", max_iter=5_000, random_state=seed)
    return make_pipeline(StandardScaler(), network)


_MAKERS: dict[str, Callable[[int], Any]] = {
    "forest": _forest,
    "extra_trees": _extra_trees,
    "boosting": _boosting,
    "boosting_tuned": _boosting_tuned,
    "trees": _trees,
    "logistic": _logistic,
    "hist_boosting": _hist_boosting,
    "network": _network,
}
