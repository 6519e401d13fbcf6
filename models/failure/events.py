"""Judges warnings as a plant feels them: by failure and by case, not by window.

A machine has at most one open case. A case opens at the first score at or above the threshold and lives
for the horizon, or until the watch ends. It is true if a failure comes within the horizon, false if the
machine was watched without one through it, and undecided if a maintenance came first. A failure is
warned if a case opened at least `LEAD_US` and at most the horizon before it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from domain.clock import DAY, HOUR
from models.failure.plant import HORIZON_US, LEAD_US

MONTH_US = 30 * DAY
ONE_SIDED_95 = 1.645

Times = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Track:
    """One machine: scores (N,) at sorted times (N,), the end of watch and the failure (-1: none) of each."""

    at_us: Times
    end_us: Times
    failure_us: Times
    failures_us: Times
    score: Floats
    causes: tuple[str, ...] = ()  # of `failures_us`, as diagnosed; "" where nobody logged one

    def with_score(self, score: Floats) -> "Track":
        """The same machine, scored otherwise."""
        return replace(self, score=score)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a threshold gives: failures, those warned in time, cases, false cases, machine-months watched.

    `leads_h`: hours from case to failure of every true case, also of those that came too late, rising.
    `causes`: failures and those warned in time by diagnosed cause.
    """

    failures: int
    warned: int
    cases: int
    false: int
    months: float
    leads_h: tuple[float, ...] = ()
    causes: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def recall(self) -> float:
        """Share of all failures that were warned at least the lead time ahead."""
        return self.warned / max(self.failures, 1)

    @property
    def false_rate(self) -> float:
        """False cases per machine and month."""
        return self.false / max(self.months, 1e-9)

    @property
    def precision(self) -> float:
        """Share of the decided cases that were true."""
        return 1 - self.false / max(self.cases, 1)

    def lead_h(self, share: float) -> float:
        """The lead that this share of the true cases stayed below; 0 without one."""
        return float(np.quantile(self.leads_h, share)) if self.leads_h else 0.0


def tally(tracks: Sequence[Track], threshold: float) -> Tally:
    """Count over all machines at one threshold."""
    parts = [_counted(track, threshold) for track in tracks]
    leads = sorted(lead for part in parts for lead in part.leads_h)
    causes: dict[str, tuple[int, int]] = {}
    for part in parts:
        for cause, (failed, warned) in part.causes.items():
            before = causes.get(cause, (0, 0))
            causes[cause] = before[0] + failed, before[1] + warned
    failures, warned, cases, false = (
        sum(getattr(part, name) for part in parts) for name in ("failures", "warned", "cases", "false")
    )
    return Tally(failures, warned, cases, false, months(tracks), tuple(leads), causes)


def months(tracks: Sequence[Track]) -> float:
    """Machine-months over which the machines were scored."""
    half_hours = sum(len(track.at_us) for track in tracks)
    return half_hours * (DAY / 48) / MONTH_US


def _counted(track: Track, threshold: float) -> Tally:
    opened = openings(track, threshold)
    at, end, failure = track.at_us[opened], track.end_us[opened], track.failure_us[opened]
    hit = (failure >= 0) & (failure <= at + HORIZON_US)
    false = ~hit & (end >= at + HORIZON_US)
    warned = np.unique(failure[hit & (failure - at >= LEAD_US)])
    causes = {
        cause: (track.causes.count(cause), sum(w in warned for w in _of(track, cause)))
        for cause in set(track.causes) - {""}
    }
    return Tally(
        len(track.failures_us),
        len(warned),
        int((hit | false).sum()),
        int(false.sum()),
        months([track]),
        tuple(((failure - at)[hit] / HOUR).tolist()),
        causes,
    )


def _of(track: Track, cause: str) -> Iterator[int]:
    """When the machine failed of a cause."""
    return (int(us) for us, named in zip(track.failures_us, track.causes, strict=True) if named == cause)


def openings(track: Track, threshold: float) -> npt.NDArray[np.int64]:
    """Places at which cases open."""
    above = np.flatnonzero(track.score >= threshold)
    times = track.at_us[above]
    found, place = [], 0
    while place < len(above):
        now = above[place]
        found.append(now)
        until = min(track.at_us[now] + HORIZON_US, max(track.end_us[now], track.at_us[now] + 1))
        place = int(np.searchsorted(times, until, side="left"))
    return np.array(found, dtype=np.int64)


def threshold_for(tracks: Sequence[Track], false_rate: float, candidates: int = 160) -> float:
    """The lowest of many thresholds whose false cases per machine and month stay at or below the rate."""
    scores = np.concatenate([track.score for track in tracks])
    # Thresholds of interest lie in the upper tail: quantiles spaced evenly in ln(1 - q).
    levels = 1 - np.geomspace(0.3, 1e-5, candidates)
    values = np.unique(np.quantile(scores, levels))
    low, high = 0, len(values) - 1
    if tally(tracks, float(values[high])).false_rate > false_rate:
        return float(np.nextafter(values[high], np.inf))
    while low < high:
        middle = (low + high) // 2
        if tally(tracks, float(values[middle])).false_rate <= false_rate:
            high = middle
        else:
            low = middle + 1
    return float(values[low])


def safe_rate(rate: float, months: float) -> float:
    """What `rate` must be counted at in so many machine-months, so that the true one is below it at 95 %.

    False cases taken as a Poisson count. At least half of the rate, however short the watch.
    """
    return max(rate - ONE_SIDED_95 * math.sqrt(rate / max(months, 1e-9)), rate / 2)


def ranking(label: Floats, score: Floats) -> float:
    """Area under the ROC curve over windows with a label: ties share their rank."""
    known = ~np.isnan(label)
    label, score = label[known], score[known]
    order = np.argsort(score, kind="stable")
    ranks = np.empty(len(score))
    _, inverse, count = np.unique(score[order], return_inverse=True, return_counts=True)
    ranks[order] = (np.cumsum(count) - (count - 1) / 2)[inverse]
    positive = label == 1
    pairs = positive.sum() * (~positive).sum()
    return float((ranks[positive].sum() - positive.sum() * (positive.sum() + 1) / 2) / max(pairs, 1))
