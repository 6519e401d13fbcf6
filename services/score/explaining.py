"""Explanations in the words of the domain: SHAP values with times, and what was seen and is usual."""

import numpy as np
from numpy.typing import NDArray

from domain.errors import NotNow
from domain.prediction import Contribution, Counterfactual, Explanation
from models.explainer import Attribution, Explainer, Floats, Groups
from models.registry import LoadedModel

SEGMENTS = 4
HEALTHY = 8
ROUNDS = 6
PRECISION = 0.015  # of a probability: one and a half points of 100
TRIED = 3
LOWER = 0.01  # of a probability: what a sensor must bring it down by
VALUE_STATISTICS = ("mean", "cycle", "value")


class Explaining:
    """Explains predictions of one model; keeps an explainer per machine type."""

    def __init__(self, model: LoadedModel, *, segments: int = SEGMENTS, healthy: int = HEALTHY) -> None:
        window = model.card.window
        self._model, self._healthy = model, healthy
        self.groups = Groups.of(window.channels, window.steps, segments)
        self._explainers: dict[str, Explainer] = {}
        self._columns = _columns(window.channels, window.statistics)

    def explain(
        self, prediction_id: str, machine_type: str, window: Floats, from_us: int, to_us: int
    ) -> Explanation:
        """The explanation of one prediction. NotNow without a background of that machine type."""
        explainer = self._explainer(machine_type)
        found = explainer.explain(window)
        contributions = tuple(
            self._contribution(
                place, float(found.values[place]), window, explainer.background, from_us, to_us
            )
            for place in np.flatnonzero(found.values).tolist()
        )
        return Explanation(
            prediction_id=prediction_id,
            base_value=found.base_value,
            output_value=found.output_value,
            additivity_error=found.additivity_error,
            background=self._background_name(machine_type, len(explainer.background)),
            method=f"SHAP, {found.method}, interventional, on probability",
            contributions=contributions,
            counterfactual=self._counterfactual(window, explainer, found),
        )

    def _counterfactual(
        self, window: Floats, explainer: Explainer, found: Attribution
    ) -> Counterfactual | None:
        """What the model says with one sensor taken from healthy windows, the others as they are.

        The sensors that contributed most are tried in turn. One is told when the probability falls by a
        point in the mean, and with no healthy window stays where it was.
        """
        for metric in self._raised(found.values)[:TRIED]:
            there = [name != metric for name, _ in self.groups.names]
            anew = explainer.with_background(window, np.array(there))
            if found.output_value - anew.mean() >= LOWER and anew.max() < found.output_value:
                return Counterfactual(metric, float(anew.mean()))
        return None

    def _raised(self, values: NDArray[np.float64]) -> list[str]:
        """Sensors that raised the probability in all, by how much."""
        total: dict[str, float] = {}
        for (metric, _), value in zip(self.groups.names, values.tolist(), strict=True):
            total[metric] = total.get(metric, 0.0) + value
        raised = [metric for metric, value in total.items() if value >= LOWER]
        return sorted(raised, key=lambda metric: -total[metric])

    def _explainer(self, machine_type: str) -> Explainer:
        if machine_type not in self._explainers:
            background = self._model.background(machine_type)
            if background is None:
                raise NotNow(f"the model knows no healthy machine of the kind {machine_type!r}")
            chosen = representative(background, self._model.scorer.probability(background), self._healthy)
            self._explainers[machine_type] = Explainer(
                self._model.scorer.probability, self.groups, chosen, rounds=ROUNDS, precision=PRECISION
            )
        return self._explainers[machine_type]

    def _background_name(self, machine_type: str, count: int) -> str:
        card = self._model.card
        return f"{count} healthy windows, {machine_type}, {card.name} {card.version}"

    def _contribution(
        self, place: int, value: float, window: Floats, background: Floats, from_us: int, to_us: int
    ) -> Contribution:
        metric, segment = self.groups.names[place]
        first, last = self.groups.bounds[segment]
        span, steps = to_us - from_us, len(window)
        return Contribution(
            metric=metric,
            segment=segment,
            from_us=from_us + span * first // steps,
            to_us=from_us + span * last // steps,
            value=value,
            observed=self._mean(window[None], metric, first, last),
            usual=self._mean(background, metric, first, last),
        )

    def _mean(self, windows: Floats, metric: str, first: int, last: int) -> float | None:
        """Mean of a sensor in a segment over the steps in which it was seen; None when it never was."""
        column, seen = self._columns.get(metric, (None, None))
        if column is None:
            return None
        values = windows[:, first:last, column]
        if seen is not None:
            values = values[windows[:, first:last, seen] > 0]
        return float(values.mean(dtype=np.float64)) if values.size else None


def representative(background: Floats, outputs: NDArray[np.float64], count: int) -> Floats:
    """`count` windows of the background spread evenly over its outputs, so that their mean is near its."""
    if len(background) <= count:
        return background
    ranks = ((np.arange(count) + 0.5) * len(background) / count).astype(int)
    chosen: Floats = background[np.sort(np.argsort(outputs, kind="stable")[ranks])]
    return chosen


def _columns(
    channels: tuple[str, ...], statistics: tuple[str, ...]
) -> dict[str, tuple[int | None, int | None]]:
    """Per sensor: the column of its value, and the column that says whether it was seen."""
    masks = [place for place, kind in enumerate(statistics) if kind == "mask"]
    found: dict[str, tuple[int | None, int | None]] = {}
    for name in dict.fromkeys(channels):
        own = [place for place, other in enumerate(channels) if other == name]
        value = next((place for place in own if statistics[place] in VALUE_STATISTICS), None)
        seen = next((place for place in own if statistics[place] == "mask"), None)
        found[name] = (value, masks[0] if seen is None and len(masks) == 1 else seen)
    return found
