"""Which training cases stand for what is usual in an explanation."""

import numpy as np
import numpy.typing as npt

from models.classification.judge import Probabilities

COUNT, DRAWS = 64, 400


def chosen(p: Probabilities, seed: int) -> npt.NDArray[np.int64]:
    """Positions of up to `COUNT` of N cases whose mean probabilities (N, L) are those of all, sorted.

    The base value of an explanation is the mean over its background, so a background with another mean
    would state another usual rate. Of `DRAWS` random sets the one that comes nearest is taken.
    """
    if len(p) <= COUNT:
        return np.arange(len(p))
    draw, wanted = np.random.default_rng(seed), p.mean(axis=0)
    sets = [draw.choice(len(p), COUNT, replace=False) for _ in range(DRAWS)]
    away = [float(np.abs(p[one].mean(axis=0) - wanted).max()) for one in sets]
    return np.sort(sets[int(np.argmin(away))])
