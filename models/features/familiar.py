"""Is a window like what training saw? Which sensors speak, and how large their values are, by machine type.

The windows behind explanations are the measure: 32 healthy ones of each type. A failing machine differs from
them, and may: only what no wear explains is refused. That is a machine most of whose sensors are silent (its
window would look like a quiet one), and values a score of times larger or smaller than any healthy one
(another unit).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from domain.sending import Sending, Sent
from models.features.plant import CHANGES, GAUGES, VALUES

MOST_SILENT = 1 / 3  # of the sensors that a type of machine has
LEAST_SPOKEN = 0.5  # of the half hours in which the machine ran
LEAST_RUN = 0.1  # of a half hour; sensors of a machine that stands say nothing by rule
UNLIKE = 10.0  # times
_HAS_SIZE = np.array(["temperature" not in name for name in GAUGES])  # 0 degrees is no lack of anything
_SPOKEN = slice(VALUES, VALUES + len(GAUGES))
_RAN = len(GAUGES) + len(CHANGES)
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Kind:
    """Of one type of machine: which gauges it has (G,), the least and largest size of each (G,), and by how
    much its half hours differ (G,), one standard deviation."""

    has: NDArray[np.bool_]
    least: NDArray[np.float64]
    largest: NDArray[np.float64]
    spread: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Familiar:
    """What windows (32, 41) of each type of machine look like."""

    kinds: Mapping[str, _Kind]

    @classmethod
    def of(cls, backgrounds: Mapping[str, Floats]) -> Self:
        """`backgrounds`: healthy windows (B, 32, 41) by machine type."""
        return cls({name: _kind(windows) for name, windows in backgrounds.items()})

    def coarse(self, machine_type: str, sent: Sent) -> str:
        """Why values that are sent so are not to be scored: too seldom, or with a deadband beyond what half
        hours of healthy machines differ by. "" where they may be."""
        kind = self.kinds.get(machine_type)
        bad = [
            name
            for name, one in sent.items()
            if name in GAUGES and (one.slow or (kind is not None and _beyond(kind, name, one)))
        ]
        if not bad:
            return ""
        said = ", ".join(name.replace("_", " ") for name in sorted(bad))
        return f"{said}: sent with a deadband, or so seldom, that the model cannot see what it learned from"

    def strange(self, machine_type: str, windows: Floats) -> list[str]:
        """Why each window (N, 32, 41) is not to be scored, in words for a person; empty when it may be."""
        kind = self.kinds.get(machine_type)
        if kind is None:
            return ["this type of machine is unknown to the model"] * len(windows)
        sizes, speaks = _sizes(windows)
        silent = kind.has & ~speaks
        other = kind.has & speaks & _HAS_SIZE & (sizes > 0)
        other &= (sizes > UNLIKE * kind.largest) | (sizes < kind.least / UNLIKE)
        found = [""] * len(windows)
        for place in np.flatnonzero(other.any(axis=1)):
            found[place] = (
                f"{_names(other[place])}: of a size that the model has never seen, perhaps another unit"
            )
        for place in np.flatnonzero(silent.sum(axis=1) > MOST_SILENT * kind.has.sum()):
            found[place] = f"too many sensors say nothing usable: {_names(silent[place])}"
        return found


def _kind(windows: Floats) -> _Kind:
    sizes, speaks = _sizes(windows)
    has = (speaks & (sizes > 0)).mean(axis=0) > LEAST_SPOKEN
    least = np.where(sizes > 0, sizes, np.inf).min(axis=0)
    spread = np.array([_spread(windows, place) for place in range(len(GAUGES))])
    return _Kind(has, least, sizes.max(axis=0), spread)


def _spread(windows: Floats, place: int) -> float:
    """Of one gauge over the half hours in which it spoke and the machine ran; 0 without any."""
    here = (windows[:, :, _SPOKEN.start + place] > 0) & (windows[:, :, _RAN] > LEAST_RUN)
    values = windows[:, :, place][here]
    return float(values.std()) if len(values) else 0.0


def _beyond(kind: _Kind, name: str, sent: Sending) -> bool:
    place = GAUGES.index(name)
    return bool(kind.has[place]) and sent.deadband is not None and sent.deadband > kind.spread[place]


def _sizes(windows: Floats) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The mean size of each gauge while it spoke (N, G), and whether it spoke while the machine ran."""
    spoken, ran = windows[:, :, _SPOKEN], windows[:, :, _RAN] > LEAST_RUN
    count = spoken.sum(axis=1, dtype=np.float64)
    total = np.abs(np.einsum("ntg,ntg->ng", windows[:, :, : len(GAUGES)], spoken, dtype=np.float64))
    return total / np.maximum(count, 1), count >= LEAST_SPOKEN * ran.sum(axis=1)[:, None]


def _names(chosen: NDArray[np.bool_]) -> str:
    return ", ".join(name.replace("_", " ") for name, here in zip(GAUGES, chosen, strict=True) if here)
