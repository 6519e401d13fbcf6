"""From inputs to predictions: scores, thresholds, explanations. No database here."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.store.predictions import Made
from domain.clock import HOUR, SECOND, wall_us
from domain.ids import new_id
from domain.prediction import Explanation, PredictionStatus
from domain.sending import version_of
from models.features.familiar import Familiar
from models.features.plant import FEATURE_VERSION
from models.registry import LoadedModel
from services.score.explaining import Explaining
from services.score.fitting import known_only
from services.score.inputs import Input

ODD_OUTPUT = "the model gave no usable answer"


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one input: rows to be stored, and the explanation when there is one."""

    made: Made
    above: bool
    scored: bool


class Judge:
    """Scores inputs with one model, and explains those above its threshold.

    `shadow`: what it says is stored as said in the shadow of the champion.
    """

    def __init__(self, model: LoadedModel, *, shadow: bool = False) -> None:
        self.model, self.shadow = model, shadow
        self.explaining = Explaining(model)
        plant = model.card.feature_version == FEATURE_VERSION
        self._familiar = Familiar.of(model.backgrounds) if plant else None

    @property
    def key(self) -> tuple[str, str]:
        """Name and version of the model."""
        return self.model.card.name, self.model.card.version

    def judge(self, inputs: Sequence[Input], *, keep_windows: bool) -> list[Judged]:
        """One result per input, in order. Windows above the threshold are always kept, with their
        explanation; the others only with `keep_windows`."""
        inputs = inputs if self._familiar is None else known_only(self._familiar, inputs)
        windows = [one.window for one in inputs if one.window is not None]
        shape = (0, *self.model.scorer.shape)
        scores = self.model.scorer.score(np.stack(windows) if windows else np.zeros(shape, np.float32))
        results, place = [], 0
        for one in inputs:
            if one.window is None:
                results.append(self._not_known(one, one.reason, ""))
                continue
            results.append(self._judged(one, place, scores, keep_windows))
            place += 1
        return results

    def _judged(self, one: Input, place: int, scores: Any, keep: bool) -> Judged:
        window = one.window
        assert window is not None  # noqa: S101 - the caller has looked
        digest = window_hash(window)
        if not scores.usable[place]:
            return self._not_known(one, ODD_OUTPUT, digest)
        probability = float(scores.probability[place])
        above = probability >= self.model.card.threshold
        low, middle, high = scores.rul[place].tolist()
        row = self._row(one, digest) | {
            "status": PredictionStatus.SCORED.value, "probability": probability, "rul": middle,
            "rul_low": low, "rul_high": high, "above_threshold": above,
            "curve": self._curve(scores.horizons[place]),
        }  # fmt: skip
        if not above:
            return Judged(Made(row, window_row(row, window) if keep else None), above=False, scored=True)
        explanation = self.explaining.explain(
            row["prediction_id"], one.unit.machine_type, window, one.from_us, one.at_us
        )
        return Judged(
            Made(row, window_row(row, window), *explanation_rows(explanation)), above=True, scored=True
        )

    def _curve(self, chances: NDArray[np.float64]) -> str | None:
        """The chance by each horizon of the card, as it is stored."""
        pairs = zip(self.model.card.horizons, chances.tolist(), strict=True)
        return json.dumps([[at, round(chance, 6)] for at, chance in pairs]) if len(chances) else None

    def _not_known(self, one: Input, reason: str, digest: str) -> Judged:
        row = self._row(one, digest) | {"status": PredictionStatus.NOT_KNOWN.value, "reason": reason}
        return Judged(Made(row), above=False, scored=False)

    def _row(self, one: Input, digest: str) -> dict[str, Any]:
        card = self.model.card
        return {
            "prediction_id": new_id(), "equipment_id": one.unit.equipment_id, "at_us": one.at_us,
            "made_wall_us": wall_us(), "reason": "", "model_name": card.name, "model_version": card.version,
            "feature_version": version_of(card.feature_version, one.sent), "window_hash": digest,
            "window_from_us": one.from_us,
            "window_to_us": one.at_us, "horizon_s": horizon_s(self.model), "life_unit": card.life_unit,
            "probability": None, "rul": None, "rul_low": None, "rul_high": None, "above_threshold": False,
            "curve": None,
            "shadow": self.shadow,
        }  # fmt: skip


def horizon_s(model: LoadedModel) -> int:
    """The horizon in plant seconds; a cycle of a replayed engine takes one plant hour."""
    card = model.card
    return card.horizon_s or round(card.horizon * HOUR / SECOND)


def window_hash(window: NDArray[np.float32]) -> str:
    """SHA-256 of the window's bytes (float32, little endian)."""
    return hashlib.sha256(np.ascontiguousarray(window, dtype="<f4").tobytes()).hexdigest()


def window_row(prediction: dict[str, Any], window: NDArray[np.float32]) -> dict[str, Any]:
    """The row of `windows`."""
    data = np.ascontiguousarray(window, dtype="<f4").tobytes()
    shape = json.dumps(list(window.shape))
    return {"prediction_id": prediction["prediction_id"], "shape": shape, "data": data}


def window_from(shape: str, data: bytes) -> NDArray[np.float32]:
    """The inverse of `window_row`."""
    return np.frombuffer(data, dtype="<f4").reshape(json.loads(shape)).astype(np.float32)


def explanation_rows(found: Explanation) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Rows of `explanations` and `contributions`."""
    changed = found.counterfactual
    head = {
        "prediction_id": found.prediction_id, "base_value": found.base_value,
        "output_value": found.output_value, "additivity_error": found.additivity_error,
        "background": found.background, "method": found.method, "made_wall_us": wall_us(),
        "changed_metric": changed.metric if changed else None,
        "changed_probability": changed.probability if changed else None,
    }  # fmt: skip
    parts = [{"prediction_id": found.prediction_id, **asdict(part)} for part in found.contributions]
    return head, parts
