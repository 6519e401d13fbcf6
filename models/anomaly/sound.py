"""Whether a recording can be judged: its steps, its gaps, and signals that stand still, against training."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.anomaly.card import Card, SoundNote
from models.anomaly.deviation import Settings
from models.anomaly.series import Run, Values

STEPS = 2.0  # times faster or slower than in training
GAPS, GAP_LEAST = 3.0, 300.0  # times the longest gap of training, and steps
STILL, STILL_LEAST = 3, 30  # times the longest stillness of training, and readings
FLAT = 0.1  # of the least spread that a beginning had in training
MOST = 0.25  # of the signals may be left out


class NotJudged(ValueError):
    """Why a run cannot be judged, with its file."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A run that can be judged: its values, and signals (C,) left out because their beginning stands still.

    `still` (N, C): where a signal has stood still for longer than training ever saw.
    """

    values: Values
    left_out: npt.NDArray[np.bool_]
    still: npt.NDArray[np.bool_]


def note(runs: Sequence[Run], settings: Settings) -> SoundNote:
    """Steps and gaps in seconds, stillness in readings, least spread of a beginning, over training runs."""
    steps = [_steps(run) for run in runs]
    usual = [float(np.median(one)) for one in steps]
    return SoundNote(
        step_least_s=min(usual),
        step_most_s=max(usual),
        gap=max(float(one.max()) / max(step, 1e-9) for one, step in zip(steps, usual, strict=True)),
        still=tuple(np.max([_standing(run.values).max(axis=0) for run in runs], axis=0).tolist()),
        spread=tuple(
            np.min([run.values[: settings.head(len(run))].std(axis=0) for run in runs], axis=0).tolist()
        ),
    )


def _steps(run: Run) -> npt.NDArray[np.float64]:
    times = pd.to_datetime(pd.Series(run.times)).to_numpy().astype("datetime64[us]").astype(np.int64)
    return np.asarray(np.diff(times) / 1e6, dtype=np.float64)


def _standing(values: Values) -> npt.NDArray[np.int64]:
    """For how many readings each signal has had its value, (N, C)."""
    out = np.ones(values.shape, dtype=np.int64)
    for row, equal in enumerate(values[1:] == values[:-1], 1):
        out[row] = np.where(equal, out[row - 1] + 1, 1)
    return out


def check(card: Card, run: Run, settings: Settings) -> Sound:
    """What of a run can be judged; `NotJudged` where nothing can."""
    known, shape = card.sound, run.values.shape
    if known is None:
        return Sound(run.values, np.zeros(shape[1], bool), np.zeros(shape, bool))
    steps = _steps(run)
    usual = float(np.median(steps))
    if not known.step_least_s / STEPS <= usual <= known.step_most_s * STEPS:
        said = f"training saw {known.step_least_s:g} to {known.step_most_s:g} s"
        raise NotJudged(f"{run.file}: a reading every {usual:g} s, and {said}")
    longest = float(steps.max()) / max(usual, 1e-9)
    if longest > max(GAP_LEAST, GAPS * known.gap):
        raise NotJudged(
            f"{run.file}: a gap of {longest:.0f} readings; the longest in training had {known.gap:.0f}"
        )
    head = settings.head(len(run))
    flat = run.values[:head].std(axis=0) < FLAT * np.array(known.spread)
    still = _standing(run.values) > np.maximum(STILL_LEAST, STILL * np.array(known.still))
    left_out = flat | still[:head].any(axis=0)
    if left_out.mean() > MOST:
        names = ", ".join(np.array(card.channels)[left_out].tolist())
        raise NotJudged(f"{run.file}: {names} stand still in its beginning")
    values = np.where(left_out, run.values[:head].mean(axis=0), run.values)
    return Sound(values, left_out, still & ~left_out)
