"""Which signals are odd, since when, and how much each contributed to the score."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError
from models.anomaly.series import Run
from models.anomaly.session import Detector, Scored
from models.card import BACKGROUND_FILE
from models.counterfactual import brings_down
from models.dataspec import DataSpec
from models.explainer import Explainer, Groups

HEALTHY, ROUNDS, PRECISION, NAMED = 16, 6, 0.02, 3
LOWER = 0.05  # of the score: what a signal must bring it down by
QUIET = 5  # readings below its limit that end a signal's odd stretch


def explain(model: Path, data: DataSpec, case: str) -> dict[str, Any]:
    """SHAP values of the score at one reading, over signals; and since when each signal is odd.

    `case` is FILE@TIMESTAMP, or FILE for the reading with the highest score. SettingsError when the file
    or the timestamp is not there.
    """
    detector = Detector(model)
    run, place = _find(detector, data, case)
    scored = detector.score(run)
    place = scored.head + int(np.argmax(scored.score[scored.head :])) if place is None else place
    card = detector.card
    with np.load(model / BACKGROUND_FILE, allow_pickle=False) as archive:
        background = archive["background"].astype(np.float32)
    background = background[np.linspace(0, len(background) - 1, HEALTHY).astype(int)]
    groups = Groups.of(card.channels, card.steps, 1)
    explainer = Explainer(detector.scores, groups, background, rounds=ROUNDS, precision=PRECISION)
    found = explainer.explain(scored.windows[place])
    changed = brings_down(explainer, scored.windows[place], found, LOWER)
    since = odd_since(detector, scored, run, place)
    parts = [
        {
            "signal": groups.names[k][0],
            "value": float(found.values[k]),
            "observed": float(run.values[place, k]),
            "usual": float(run.values[: scored.head, k].mean()),
            "odd_since": since[k],
            "standing_still": bool(scored.left_out[k] or scored.still[place, k]),
        }
        for k in np.argsort(-np.abs(found.values), kind="stable").tolist()
    ]
    flagged = bool(scored.flags()[place])
    return {
        "case": f"{run.file}@{run.times[place]}",
        "model": f"{card.name} {card.version}",
        "score": found.output_value,
        "threshold": scored.limit,
        "flagged": flagged,
        "base_value": found.base_value,
        "additivity_error": found.additivity_error,
        "background": f"{HEALTHY} of {card.background}",
        "method": f"SHAP, {found.method}, interventional, on the score",
        "text": words(found.output_value, scored.limit, flagged=flagged, parts=parts),
        "counterfactual": {"signal": changed[0], "score": changed[1]} if changed else None,
        "contributions": parts,
    }


def _find(detector: Detector, data: DataSpec, case: str) -> tuple[Run, int | None]:
    file, _, time = case.partition("@")
    runs = {run.file: run for run in detector.runs(data)}
    if file not in runs:
        raise SettingsError(f"--case {case!r}: the files are {', '.join(list(runs)[:5])} ...")
    if time and time not in runs[file].times:
        raise SettingsError(f"--case {case!r}: {file} has no reading at {time}")
    return runs[file], runs[file].times.index(time) if time else None


def odd_since(detector: Detector, scored: Scored, run: Run, place: int) -> list[str | None]:
    """Per signal, the time from which it is odd without a pause up to `place`; None when it is not."""
    limits = np.array([detector.card.limits_by_signal[name] for name in detector.card.channels])
    odd = scored.parts > limits
    odd[: scored.head] = False
    return [_start(odd[:, k], run, place) for k in range(len(limits))]


def _start(odd: npt.NDArray[np.bool_], run: Run, place: int) -> str | None:
    last = np.flatnonzero(odd[: place + 1])
    if len(last) == 0 or place - last[-1] >= QUIET:
        return None
    pauses = np.flatnonzero(np.diff(last) > QUIET)
    first = int(last[pauses[-1] + 1]) if len(pauses) else int(last[0])
    return run.times[first]


def words(score: float, threshold: float, *, flagged: bool, parts: list[dict[str, Any]]) -> str:
    """A sentence that a shift lead reads; it says what contributed, never what caused."""
    said = [
        f"{part['signal']} at {part['observed']:.4g} (usual {part['usual']:.4g}) contributed "
        f"{part['value']:+.2f}" + (f", odd since {part['odd_since']}" if part["odd_since"] else "")
        for part in parts[:NAMED]
        if part["value"] > 0.05
    ]
    verdict = "Odd" if flagged else "Not odd"
    return f"{verdict}: score {score:.2f}, limit {threshold:.2f}. " + (
        "; ".join(said) + "." if said else "No signal stands out."
    )
