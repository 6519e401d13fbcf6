"""Judges an anomaly model point by point beside its peers, in one run, all at the same stated rate."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError
from models.anomaly import running
from models.anomaly.peers import PEERS
from models.anomaly.scoring import window_score
from models.anomaly.series import Run
from models.anomaly.session import Detector
from models.dataspec import DataSpec

Flags = npt.NDArray[np.bool_]
Figures = dict[str, float | str]


def evaluate(model: Path, data: DataSpec) -> Figures:
    """Point-wise F1, false and missed alarms over all labelled runs together, and by folder.

    Readings of the beginnings are never flagged and not counted as healthy ones. SettingsError where no
    run is labelled.
    """
    detector = Detector(model)
    labelled = [run for run in detector.runs(data) if run.truth is not None]
    if not any(run.truth.any() for run in labelled if run.truth is not None):
        raise SettingsError("these data hold no truth to judge by")
    found = list(detector.each(labelled))
    labelled = [run for run, one in found if not isinstance(one, str)]
    scored = [one for _, one in found if not isinstance(one, str)]
    flags = [one.flags() for one in scored]
    heads = [one.head for one in scored]
    out: Figures = {"served": detector.card.served, "stated_rate": detector.card.rate}
    out |= figures(labelled, flags, heads) | window_score(labelled, flags)
    out["runs_not_judged"] = float(len(found) - len(labelled))
    for folder in sorted({run.file.split("/")[0] for run in labelled}):
        own = [k for k, run in enumerate(labelled) if run.file.split("/")[0] == folder]
        part = figures([labelled[k] for k in own], [flags[k] for k in own], [heads[k] for k in own])
        out[f"{folder}_f1"] = part["f1"]
    for name, (peer, threshold) in detector.peers().items():
        limits = [detector.limit(run, peer, threshold) for run in labelled]
        said = [running.run(peer, one.windows)[0] > top for one, top in zip(scored, limits, strict=True)]
        out |= _peer(name, figures(labelled, [_after(f, h) for f, h in zip(said, heads, strict=True)], heads))
    for name in PEERS:
        said = _own_beginning(name, labelled, heads, detector.card.rate, alone=bool(detector.kind.least))
        out |= _peer(name, figures(labelled, said, heads))
    return out


def figures(runs: list[Run], flags: list[Flags], heads: list[int]) -> dict[str, float]:
    """Precision, recall, F1; the shares of false and missed alarms; readings, odd and all."""
    truth = np.concatenate([_truth(run)[head:] for run, head in zip(runs, heads, strict=True)])
    found = np.concatenate([flag[head:] for flag, head in zip(flags, heads, strict=True)])
    hits = float((truth & found).sum())
    said, odd = float(found.sum()), float(np.concatenate([_truth(run) for run in runs]).sum())
    return {
        "readings": float(len(truth)),
        "odd_readings": odd,
        "f1": 2 * hits / (said + odd) if said + odd else 0.0,
        "precision": hits / said if said else 0.0,
        "recall": hits / odd if odd else 0.0,
        "false_alarm_rate": float(found[~truth].mean()) if (~truth).any() else 0.0,
        "missed_alarm_rate": 1 - hits / odd if odd else 0.0,
    }


def _truth(run: Run) -> Flags:
    if run.truth is None:
        raise SettingsError(f"{run.file} holds no truth to judge by")
    return run.truth


def _after(flags: Flags, head: int) -> Flags:
    flags[:head] = False
    return flags


def _peer(name: str, found: dict[str, float]) -> Figures:
    return {f"peer_{name}_{key}": found[key] for key in ("f1", "false_alarm_rate", "missed_alarm_rate")}


def _own_beginning(name: str, runs: list[Run], heads: list[int], rate: float, *, alone: bool) -> list[Flags]:
    """Flags of a peer that learns each run's beginning; one threshold relative to what the head says.

    `alone`: each run has a threshold of its own, as ours then has.
    """
    fit, healthy = PEERS[name], []
    for run, head in zip(runs, heads, strict=True):
        half = run.values[: head // 2]
        score = fit(half)
        healthy.append(score(run.values[head // 2 : head]) / _unit(score(half)))
    shared = float(np.quantile(np.concatenate(healthy), 1 - rate))
    found = []
    for run, head, own in zip(runs, heads, healthy, strict=True):
        usual = run.values[:head]
        score = fit(usual)
        threshold = float(np.quantile(own, 1 - rate)) if alone else shared
        found.append(_after(score(run.values) / _unit(score(usual)) > threshold, head))
    return found


def _unit(score: npt.NDArray[np.float64]) -> float:
    return max(float(np.quantile(score, 0.99)), 1e-9)
