"""SHAP values of grouped inputs: which sensor, and when, moved a prediction.

The game. A player is a group: one sensor in one time segment of the window. For a set S of groups the
value is v(S) = mean over the background windows b of f(window inside S, b outside S): interventional
SHAP, the background being healthy windows of the same machine type, f the model's probability. The
base value is v(empty) = mean f(b); base + the sum of all contributions = f(window), to rounding.

The estimate. Background windows are sorted by their outputs and cut into strata, of which each gives one
window to a round (its others to the next rounds), so that the cost does not grow with the background.
Neighbours are paired. In a round each pair gets an order of the groups, which is walked from one of the two
to the window, and mirrored from the other (antithetic: for interactions of two groups exact, up to how far
the two differ). An odd number is not paired: each is walked both ways. What the walked windows' mean output
differs from that of all is spread evenly over the groups; its expectation is 0, so every value stays
unbiased and the sum is exact. Rounds are added until the standard error of every value is small enough, or
the limit is reached. Orders and choices come from a fixed seed: the same window always gets the same
explanation.
Groups in which the window equals the background add nothing, exactly, and are never evaluated.
`models.shap_check` computes the same game with the `shap` library; tests and the bench compare the two.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from domain.errors import InvalidInput

Floats = NDArray[np.float32]
Model = Callable[[Floats], NDArray[np.float64]]
"""Windows (N, T, F) to probabilities (N,)."""

ROWS_A_CALL = 104  # half a megabyte of rows: they stay in the cache of a core
TOLERANCE = 1e-6
SEED = 20_111


@dataclass(frozen=True, slots=True)
class Groups:
    """Which group each cell of a window belongs to. `index` is (T, F); `names` are (sensor, segment)."""

    names: tuple[tuple[str, int], ...]
    index: NDArray[np.int64]
    bounds: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, channels: Sequence[str], steps: int, segments: int) -> "Groups":
        """Groups for channels named by their sensor: equal names form one sensor. Segment 0 is oldest."""
        if not 1 <= segments <= steps:
            raise InvalidInput(f"{steps} steps cannot be cut into {segments} segments")
        sensors = list(dict.fromkeys(channels))
        edges = [round(steps * part / segments) for part in range(segments + 1)]
        bounds = tuple(pairwise(edges))
        part = np.repeat(np.arange(segments), np.diff(edges))
        sensor = np.array([sensors.index(name) for name in channels])
        names = tuple((name, cut) for name in sensors for cut in range(segments))
        return cls(names, sensor[None, :] * segments + part[:, None], bounds)

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Attribution:
    """SHAP values (G,) in probability. `standard_error` is the largest of the values' own;
    `evaluations` counts the model's rows."""

    base_value: float
    output_value: float
    values: NDArray[np.float64]
    additivity_error: float
    standard_error: float
    method: str
    evaluations: int


def hybrids(window: Floats, other: Floats, masks: NDArray[np.bool_], index: NDArray[np.int64]) -> Floats:
    """Windows (N, T, F): `window` where the mask (N, G) holds its group, `other` elsewhere."""
    return np.where(masks[:, index], window, other)


class Explainer:
    """SHAP values for one model, one grouping and one background (B, T, F).

    At most `rounds` rounds of `walked` walks each, one from every background window without it; fewer once
    the standard error is at most `precision`. `seed` draws the orders and which windows are walked first.
    """

    def __init__(
        self,
        model: Model,
        groups: Groups,
        background: Floats,
        *,
        rounds: int = 1,
        precision: float = 0.0,
        walked: int = 0,
        seed: int = SEED,
    ) -> None:
        if background.ndim != 3 or len(background) == 0 or background.shape[1:] != groups.index.shape:
            raise InvalidInput(f"a background of shape {background.shape} does not fit the groups")
        self.model, self.groups = model, groups
        self.rounds, self.precision, self.seed = rounds, precision, seed
        self.background = np.ascontiguousarray(background, dtype=np.float32)
        self.outputs = model(self.background)
        self.base_value = float(self.outputs.mean())
        self._strata = _strata(self.outputs, walked, seed)

    def explain(self, window: Floats) -> Attribution:
        """The SHAP values of one window (T, F). Raises InvalidInput when its shape is another."""
        if window.shape != self.groups.index.shape:
            raise InvalidInput(f"a window of shape {window.shape} does not fit the groups")
        output = float(self.model(window[None])[0])
        players = self._players(window)
        values, walked = np.zeros(len(self.groups)), np.zeros((0, len(players)))
        if len(players):
            walked, start = self._walk(window, output, players)
            values[players] = walked.mean(axis=0) + (start - self.base_value) / len(players)
        error = abs(self.base_value + float(values.sum()) - output)
        if error > TOLERANCE:
            raise InvalidInput(f"the contributions miss the prediction by {error:.2g}")
        spread = _standard_error(walked)
        method = f"antithetic permutations, {len(walked)} pairs, standard error {spread:.2g}"
        rows = 1 + 2 * max(0, len(players) - 1) * len(walked)
        return Attribution(self.base_value, output, values, error, spread, method, rows)

    def with_background(self, window: Floats, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The model's answers (B,) for `window` where the mask (G,) holds its group, each background window
        elsewhere.
        """
        return self.model(np.where(mask[self.groups.index], window, self.background))

    def _players(self, window: Floats) -> NDArray[np.int64]:
        differs = (window[None] != self.background).any(axis=0)
        return np.unique(self.groups.index[differs])

    def _walk(
        self, window: Floats, output: float, players: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], float]:
        """Mean marginal contributions of both walks of every order, (orders, P), and the mean output of the
        windows that were walked from.
        """
        found, started = np.zeros((0, len(players))), []
        step = max(1, ROWS_A_CALL // max(1, 2 * (len(players) - 1)))
        for number in range(self.rounds):
            pairs = _paired(self._strata[number % len(self._strata)])
            ranks = _orders(len(players), len(pairs), (self.seed, number))
            parts = [
                self._pairs(window, output, players, ranks[first : first + step], pairs[first : first + step])
                for first in range(0, len(pairs), step)
            ]
            found = np.concatenate([found, *parts])
            started.append(float(self.outputs[pairs].mean()))
            if _standard_error(found) <= self.precision:
                break
        return found, float(np.mean(started))

    def _pairs(
        self,
        window: Floats,
        output: float,
        players: NDArray[np.int64],
        ranks: NDArray[np.int64],
        which: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """As `_walk`, for some orders and their pairs of background windows (orders, 2)."""
        count, number = len(players), len(ranks)
        rows = self._rows(window, players, ranks, which)
        walks = np.empty((number, 2, count + 1))
        walks[:, :, 0], walks[:, :, -1] = self.outputs[which], output
        if count > 1:
            walks[:, :, 1:-1] = self.model(rows).reshape(number, 2, count - 1)
        steps = np.diff(walks, axis=2)
        there = np.take_along_axis(steps[:, 0], ranks, axis=1)
        back = np.take_along_axis(steps[:, 1], count - 1 - ranks, axis=1)
        return np.asarray((there + back) / 2)

    def _rows(
        self,
        window: Floats,
        players: NDArray[np.int64],
        ranks: NDArray[np.int64],
        which: NDArray[np.int64],
    ) -> Floats:
        """Hybrid windows of all steps of all walks, (orders x 2 x (P - 1), T, F)."""
        count = len(players)
        cut = np.arange(1, count)[None, None, :, None]
        order = np.stack([ranks, count - 1 - ranks], axis=1)[:, :, None, :]
        masks = np.ones((len(ranks), 2, count - 1, len(self.groups)), dtype=np.bool_)
        masks[..., players] = order < cut
        rows = np.where(masks[..., self.groups.index], window, self.background[which][:, :, None])
        return rows.reshape(-1, *window.shape)


def _strata(outputs: NDArray[np.float64], walked: int, seed: int) -> NDArray[np.int64]:
    """(members, walked) places of background windows: a row for a round, one of each stratum by output.

    One row of all of them where `walked` is 0, or does not divide their number.
    """
    order = np.argsort(outputs, kind="stable")
    if not walked or len(order) % walked:
        return order[None]
    strata = np.random.default_rng(seed).permuted(order.reshape(walked, -1), axis=1)
    return np.asarray(strata.T)


def _paired(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """(pairs, 2): neighbours, or each with itself when odd."""
    return places.reshape(-1, 2) if len(places) % 2 == 0 else np.stack([places, places], axis=1)


def _orders(count: int, pairs: int, seed: tuple[int, int]) -> NDArray[np.int64]:
    """Ranks (pairs, P) of the players in each order of a round: a Latin hypercube, so that over the
    orders every player enters early, in the middle and late alike.
    """
    random = np.random.default_rng(seed)
    layers = np.argsort(random.random((pairs, count)), axis=0) + random.random((pairs, count))
    return np.asarray(np.argsort(np.argsort(layers, axis=1), axis=1), dtype=np.int64)


def _standard_error(walked: NDArray[np.float64]) -> float:
    """The largest standard error of the mean over orders; infinite where one order tells nothing."""
    if walked.size == 0:
        return 0.0
    if len(walked) < 2:
        return float("inf")
    return float((walked.std(axis=0, ddof=1) / np.sqrt(len(walked))).max())
