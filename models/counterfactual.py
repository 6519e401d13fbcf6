"""What would change a model's answer: asked of the model anew, never added up from contributions."""

import numpy as np
from numpy.typing import NDArray

from models.explainer import Attribution, Explainer, Floats, Groups

TRIED = 3


def brings_down(
    explainer: Explainer, window: Floats, found: Attribution, least: float
) -> tuple[str, float] | None:
    """A signal, and the mean answer with that signal from the background, the others as they are.

    The signals that contributed most, `least` at least, are tried in turn. One is told when the answer falls
    by `least` in the mean, and with no background window stays where it was; None where none does.
    """
    for name in raised(explainer.groups, found.values, least)[:TRIED]:
        there = np.array([other != name for other, _ in explainer.groups.names])
        anew = explainer.with_background(window, there)
        if found.output_value - anew.mean() >= least and anew.max() < found.output_value:
            return name, float(anew.mean())
    return None


def raised(groups: Groups, values: NDArray[np.float64], least: float) -> list[str]:
    """Signals, or those taken together, that raised the answer by `least` in all, most first."""
    total: dict[str, float] = {}
    for (name, _), value in zip(groups.names, values.tolist(), strict=True):
        total[name] = total.get(name, 0.0) + value
    return sorted((name for name, value in total.items() if value >= least), key=lambda name: -total[name])
