"""Figures of a model of scrap on operations: what its settings explain, whether its shares came."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.quality.cases import Operation

BINS = 5
Shares = npt.NDArray[np.float64]


def deviance(operations: Sequence[Operation], share: Shares) -> float:
    """Twice minus the logarithm of the likelihood of what came, for stated shares (N,), part by part."""
    good = np.array([one.good for one in operations])
    bad = np.array([one.bad for one in operations])
    p = np.clip(share, 1e-6, 1 - 1e-6)
    return float(-2 * (bad * np.log(p) + good * np.log(1 - p)).sum())


def saturated(operations: Sequence[Operation]) -> float:
    """The deviance of shares that are those that came: the least there can be."""
    return deviance(operations, np.array([one.bad / max(one.parts, 1.0) for one in operations]))


def gain(operations: Sequence[Operation], share: Shares, plain: Shares) -> float:
    """Of what machine and product leave unexplained, the share that settings explain; below 0 they harm."""
    least = saturated(operations)
    left = deviance(operations, plain) - least
    return 1 - (deviance(operations, share) - least) / left if left > 0 else 0.0


def figures(operations: Sequence[Operation], share: Shares, plain: Shares) -> dict[str, float]:
    """`gain`; `calibration_error`: how far stated shares lie from those that came, over BINS equal parts of
    the operations in order of the share, weighted by parts; `mean_error` per operation, beside `plain_error`.
    """
    parts = np.array([one.parts for one in operations])
    came = np.array([one.bad for one in operations]) / np.maximum(parts, 1.0)
    out = {"operations": float(len(operations)), "parts": float(parts.sum())}
    out["gain"] = gain(operations, share, plain)
    out["mean_error"] = float(np.average(np.abs(share - came), weights=parts))
    out["plain_error"] = float(np.average(np.abs(plain - came), weights=parts))
    out["calibration_error"] = _calibration(share, came, parts)
    return out


def _calibration(share: Shares, came: Shares, parts: Shares) -> float:
    total = 0.0
    for some in np.array_split(np.argsort(share), BINS):
        if parts[some].sum():
            away = np.average(share[some], weights=parts[some]) - np.average(came[some], weights=parts[some])
            total += parts[some].sum() * abs(float(away))
    return float(total / parts.sum())
