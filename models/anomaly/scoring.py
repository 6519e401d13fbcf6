"""Judging alarms by labelled windows, as the Numenta anomaly benchmark does.

An alarm is the beginning of a stretch of flagged readings; stretches less than JOIN readings apart are one.
The first alarm in a window counts the more the earlier it comes, a window without one costs one, an alarm
outside costs the more the further it lies behind the last window (Lavin and Ahmad 2015, standard profile).
0 is what saying nothing earns, 100 an alarm at the beginning of every window and nowhere else.
"""

from math import exp

import numpy as np
import numpy.typing as npt

from models.anomaly.series import Run

JOIN = 12
FALSE = 0.11
Flags = npt.NDArray[np.bool_]


def window_score(runs: list[Run], flags: list[Flags]) -> dict[str, float]:
    """`window_score`, how many windows there are, how many have an alarm, and the alarms in all."""
    earned = found = count = alarms = 0.0
    for run, flag in zip(runs, flags, strict=True):
        said, spans = starts(flag), _spans(run.truth)
        alarms += len(said)
        count += len(spans)
        for first, end in spans:
            inside = said[(said >= first) & (said < end)]
            found += len(inside) > 0
            earned += _worth((inside[0] - end) / (end - first)) if len(inside) else -1.0
        earned += sum(_cost(at, spans) for at in said.tolist() if not _within(at, spans))
    best = count * _worth(-1.0)
    score = 100 * (earned + count) / (best + count) if count else 0.0
    return {"window_score": score, "windows": count, "windows_found": found, "alarms": alarms}


def starts(flag: Flags) -> npt.NDArray[np.int64]:
    """Places where alarms begin."""
    places = np.flatnonzero(flag)
    return places[np.diff(places, prepend=-JOIN - 1) > JOIN] if len(places) else places


def _spans(truth: Flags | None) -> list[tuple[int, int]]:
    if truth is None:
        return []
    edges = np.flatnonzero(np.diff(np.concatenate(([False], truth, [False])).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _within(at: int, spans: list[tuple[int, int]]) -> bool:
    return any(first <= at < end for first, end in spans)


def _cost(at: int, spans: list[tuple[int, int]]) -> float:
    before = [(first, end) for first, end in spans if end <= at]
    if not before:
        return -FALSE
    first, end = before[-1]
    return FALSE * _worth((at - end) / (end - first))


def _worth(place: float) -> float:
    """From 0.99 at a window's beginning (-1) over 0 at its end (0) down to -1 far behind it."""
    return 2 / (1 + exp(min(5 * place, 500.0))) - 1
