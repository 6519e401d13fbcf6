"""Plant history as such a model learns from it and is judged by it: healthy windows, and odd stretches."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
import numpy.typing as npt

from domain.clock import DAY, HOUR
from domain.oddity import MONTH_US, Oddity, begun
from models.failure.plant import LEAD_US, Machine
from models.features import plant as features
from models.features.plant import BIN_US

HEALTHY_US = 3 * DAY  # no failure that the controller logged came within it
WARNED_US = DAY  # a failure is noticed by what is said in the day before it, LEAD_US ahead at least
CHUNK = 2_048
CANDIDATES = 120

Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Windows = npt.NDArray[np.float32]
Score = Callable[[Windows], tuple[Floats, Floats]]
"""Windows (N, 32, 41) to scores (N,) and parts (N, C)."""


@dataclass(frozen=True, slots=True)
class Track:
    """One machine: scores (N,) and parts (N, C) at sorted times (N,), which of them are healthy (N,), and its
    failures."""

    machine_type: str
    at_us: Places
    healthy: Flags
    failures_us: Places
    score: Floats
    parts: Floats

    @property
    def months(self) -> float:
        """Machine-months of healthy time."""
        return float(self.healthy.sum()) * BIN_US / MONTH_US


def healthy(machine: Machine, places: Places) -> Flags:
    """Whether no failure came within HEALTHY_US after the windows that end at `places` (N,)."""
    at_us = machine.at_us(places)
    following = np.searchsorted(machine.failures_us, at_us, side="right")
    ends = np.append(machine.failures_us, np.iinfo(np.int64).max)
    return np.asarray(ends[following] - at_us > HEALTHY_US)


def chunks(machine: Machine, places: Places) -> Iterator[Windows]:
    """The windows that end at `places`, some at a time."""
    for first in range(0, len(places), CHUNK):
        chosen = places[first : first + CHUNK]
        yield features.windows(machine.machine_type, machine.bins, chosen)


def track(machine: Machine, score: Score) -> Track:
    """Score every half hour of a machine that has a window."""
    places = np.flatnonzero(features.usable(machine.bins))
    found = [score(windows) for windows in chunks(machine, places)]
    width = len(features.CHANGES)
    scores = np.concatenate([one for one, _ in found]) if found else np.zeros(0)
    parts = np.concatenate([one for _, one in found]) if found else np.zeros((0, width))
    well = healthy(machine, places)
    return Track(machine.machine_type, machine.at_us(places), well, machine.failures_us, scores, parts)


def thresholds(tracks: Sequence[Track], rate: float) -> dict[str, float]:
    """For each type of machine the lowest threshold at which healthy machines are called odd at most `rate`
    times a month."""
    kinds = sorted({one.machine_type for one in tracks})
    return {kind: _threshold([one for one in tracks if one.machine_type == kind], rate) for kind in kinds}


def _threshold(tracks: Sequence[Track], rate: float) -> float:
    scores = np.concatenate([one.score[one.healthy] for one in tracks])
    values = np.unique(np.quantile(scores, 1 - np.geomspace(0.3, 1e-5, CANDIDATES)))
    low, high = 0, len(values) - 1
    while low < high:
        middle = (low + high) // 2
        if false_rate(tracks, float(values[middle])) <= rate:
            high = middle
        else:
            low = middle + 1
    return float(values[low])


def false_rate(tracks: Iterable[Track], threshold: float) -> float:
    """How often a healthy machine is called odd in a month."""
    every = list(tracks)
    count = sum(len(_said(one, threshold, one.healthy)) for one in every)
    return count / max(sum(one.months for one in every), 1e-9)


def figures(tracks: Sequence[Track], tops: dict[str, float]) -> dict[str, float]:
    """What a set of thresholds gives: failures noticed, how long before, and false alarms.

    A failure is noticed when its machine is said to be odd at some half hour of the day before it, at least
    LEAD_US ahead. `odd_share` of the healthy time is what chance alone would notice.
    """
    known = [one for one in tracks if one.machine_type in tops]
    ahead: list[float] = []
    failures = alarms = 0
    months = odd = well = 0.0
    for one in known:
        top = tops[one.machine_type]
        alarms += len(_said(one, top, one.healthy))
        months += one.months
        state = standing(one, top)
        odd += float((state[one.healthy] >= 0).sum())
        well += float(one.healthy.sum())
        for failed in one.failures_us.tolist():
            failures += 1
            here = (one.at_us >= failed - WARNED_US) & (one.at_us <= failed - LEAD_US) & (state >= 0)
            if here.any():
                ahead.append((failed - int(state[here].min())) / HOUR)
    return {
        "failures": float(failures),
        "noticed": len(ahead) / max(failures, 1),
        "hours_ahead": median(ahead) if ahead else 0.0,
        "machine_months": months,
        "false_alarms": alarms / max(months, 1e-9),
        "odd_share": odd / max(well, 1.0),
    }


def standing(one: Track, threshold: float) -> Places:
    """For each half hour since when the machine is odd, -1 where it is not (N,)."""
    out = np.full(len(one.at_us), -1, dtype=np.int64)
    now = Oddity()
    above = (one.score > threshold).tolist()
    for place, (at_us, high) in enumerate(zip(one.at_us.tolist(), above, strict=True)):
        now = now.step(at_us, above=high)
        out[place] = -1 if now.since_us is None else now.since_us
    return out


def _said(one: Track, threshold: float, where: Flags) -> list[tuple[int, int]]:
    above = (one.score > threshold)[where].tolist()
    return begun(zip(one.at_us[where].tolist(), above, strict=True))
