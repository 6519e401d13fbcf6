"""Explanations in the words of the domain: SHAP values with times, and what was seen and is usual."""

import numpy as np

from domain.prediction import Contribution, Counterfactual, Explanation
from domain.telemetry import sensors_of
from models.counterfactual import brings_down
from models.explainer import Explainer, Floats
from models.failure.game import Game
from models.registry import LoadedModel

LOWER = 0.01  # of a probability: what a sensor must bring it down by
VALUE_STATISTICS = ("mean", "cycle", "value")


class Explaining:
    """Explains predictions of one model; keeps what does not depend on the window per machine type."""

    def __init__(self, model: LoadedModel) -> None:
        window = model.card.window
        self._model = model
        self._games: dict[str, Game] = {}
        self._columns = _columns(window.channels, window.statistics)

    def explain(
        self, prediction_id: str, machine_type: str, window: Floats, from_us: int, to_us: int
    ) -> Explanation:
        """The explanation of one prediction. NotNow without a background of that machine type."""
        explainer = self._game(machine_type).explainer(window)
        found = explainer.explain(window)
        changed = brings_down(explainer, window, found, LOWER)
        contributions = tuple(
            self._contribution(place, float(found.values[place]), window, explainer, from_us, to_us)
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
            counterfactual=Counterfactual(*changed) if changed else None,
        )

    def _game(self, machine_type: str) -> Game:
        if machine_type not in self._games:
            self._games[machine_type] = Game(self._model, machine_type)
        return self._games[machine_type]

    def _background_name(self, machine_type: str, count: int) -> str:
        """What it was compared with, and how often such machines failed where the model was judged."""
        card = self._model.card
        named = f"{count} healthy windows of similar work, {machine_type}, {card.name} {card.version}"
        pointing = card.pointing
        real = pointing.base.get(machine_type) if pointing else None
        if pointing is None or real is None:
            return named
        return (
            f"{named}; of all healthy windows of such machines it states {real.healthy * 100:.1f} of 100, "
            f"and a failure followed {real.came * 100:.1f} of 100 of all their windows "
            f"({pointing.source})"
        )

    def _contribution(
        self, place: int, value: float, window: Floats, explainer: Explainer, from_us: int, to_us: int
    ) -> Contribution:
        """Of sensors that are taken together, seen and usual are told of the first."""
        metric, segment = explainer.groups.names[place]
        first, last = explainer.groups.bounds[segment]
        span, steps = to_us - from_us, len(window)
        sensor = sensors_of(metric)[0]
        return Contribution(
            metric=metric,
            segment=segment,
            from_us=from_us + span * first // steps,
            to_us=from_us + span * last // steps,
            value=value,
            observed=self._mean(window[None], sensor, first, last),
            usual=self._mean(explainer.background, sensor, first, last),
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
