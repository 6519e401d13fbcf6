"""What training saw of each reading, and what an answer outside of it is worth.

Far outside, a model's probability says nothing: it goes to the shares of the labels in training. A table
as a whole that cannot be in the same units, or whose sensor stands still, is refused.
"""

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError
from models.classification.card import Card, RangeNote
from models.classification.table import Floats, Probabilities

MARGIN, FEW = 0.1, 16.0  # of a reading's span; a dozen cases cannot know their range: 16 / cases more
GONE = 0.5  # spans beyond the margin, where nothing is known any more
MANY = 30  # cases in which a sensor that lives has moved
COMMON = 0.2  # the commonest value of a sensor that moves has no larger share
SPREAD = 100  # cases that show how a reading is spread
ALIKE = 0.07  # of their spread: how near three quantiles must come to those of training in another unit
FOREIGN = 5.0  # times below the least, or above the largest reading, where these are all positive
UNITS = (
    0.7376, 0.7457, 1.3558, 1.341, 0.5556, 1.8, 0.4536, 2.2046, 0.3048, 3.2808, 0.145, 6.895, 0.1047, 9.549,
    0.0394, 25.4, 0.0167, 60.0, 0.1, 10.0, 0.01, 100.0, 0.001, 1000.0,
)  # fmt: skip
"""Nm and lbf ft, hp and kW, degrees, kg and lb, m and ft, psi and kPa, rad/s and rpm, mm and inch ..."""


def ranges(columns: tuple[str, ...], raw: Floats) -> tuple[RangeNote, ...]:
    """A note on each reading in (N, K, C)."""
    rows = raw.reshape(-1, raw.shape[-1]).astype(np.float64)
    return tuple(_note(name, rows[:, place]) for place, name in enumerate(columns))


def _note(name: str, values: npt.NDArray[np.float64]) -> RangeNote:
    early, middle, late = np.quantile(values, (0.05, 0.5, 0.95)).tolist()
    common = float(np.unique(values, return_counts=True)[1].max() / len(values))
    low, high = float(values.min()), float(values.max())
    return RangeNote(name=name, low=low, high=high, early=early, middle=middle, late=late, common=common)


def check(card: Card, raw: Floats) -> None:
    """SettingsError where a reading of the table (N, K, C) is in another unit, or stands still."""
    rows = raw.reshape(-1, raw.shape[-1]).astype(np.float64)
    for place, known in enumerate(card.ranges):
        values = rows[:, place]
        middle = float(np.median(values))
        said = f"training saw {known.low:g} to {known.high:g}"
        # Few cases may all be rare ones: they are refused only where each would count for nothing.
        if _far(known, middle, _margin(card) if len(rows) >= MANY else max(_margin(card), MARGIN + GONE)):
            raise SettingsError(f"{known.name!r} is about {middle:g}, and {said}: another unit?")
        if _stuck(known, values):
            raise SettingsError(f"{known.name!r} stands still at {middle:g}, and {said}: a stuck sensor?")
        factor = _unit(known, values)
        if factor:
            raise SettingsError(f"{known.name!r} is {factor:g} times what training saw: another unit?")


def _margin(card: Card) -> float:
    return MARGIN + FEW / card.cases


def _far(known: RangeNote, value: float, margin: float) -> bool:
    room = margin * (known.high - known.low) + 1e-6 * abs(known.high)
    if not known.low - room <= value <= known.high + room:
        return True
    return known.low > 0 and not known.low / FOREIGN <= value <= known.high * FOREIGN


def _stuck(known: RangeNote, values: npt.NDArray[np.float64]) -> bool:
    """No reading moves in `MANY` cases, or within one case, that moved in training (constant ones aside)."""
    still = bool((values == values[0]).all())
    if known.name.endswith(", spread"):
        return still and values[0] == 0 < known.low
    return still and len(values) >= MANY and known.common < COMMON


def _unit(known: RangeNote, values: npt.NDArray[np.float64]) -> float:
    """The change of unit that all three quantiles of the readings show, or 0 (always, if they have none)."""
    usual = np.array([known.early, known.middle, known.late])
    if "[" not in known.name or len(values) < SPREAD:
        return 0.0
    found, room = np.quantile(values, (0.05, 0.5, 0.95)), ALIKE * (known.late - known.early)
    return next((factor for factor in UNITS if (np.abs(found / factor - usual) < room).all()), 0.0)


def share(card: Card, raw: Floats) -> npt.NDArray[np.float64]:
    """How far a case's probability can be trusted, (N,): 1 inside of what training saw, 0 far outside."""
    low = np.array([known.low for known in card.ranges])
    high = np.array([known.high for known in card.ranges])
    span = np.maximum(high - low, 1e-6 * np.maximum(1.0, np.abs(high)))
    beyond = (np.maximum(low - raw, raw - high) / span).max(axis=(1, 2)) - _margin(card)
    return np.asarray(1 - np.clip(beyond / GONE, 0.0, 1.0))


def towards_usual(card: Card, p: Probabilities, raw: Floats) -> Probabilities:
    """Probabilities (N, L) to state of cases (N, K, C): the usual shares where nothing is known."""
    usual = np.array(card.usual or [1 / len(card.labels)] * len(card.labels))
    kept = share(card, raw)[:, None]
    return np.asarray(kept * p + (1 - kept) * usual)
