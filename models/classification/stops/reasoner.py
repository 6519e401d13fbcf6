"""A checked model of reasons, ready to say what probably stopped a machine."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError, Tampered
from models.card import BACKGROUND_FILE, GOLDEN_FILE, MODEL_FILE
from models.classification.stops import features
from models.classification.stops.card import read_card
from models.classification.stops.judging import Probabilities, sure
from models.explainer import Explainer, Groups
from models.session import BATCH, open_session

TOLERANCE = 1e-4
ROUNDS, PRECISION = 4, 0.01
Inputs = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Said:
    """What the model says of a moment: the likeliest reason, its chance, and what contributed to it."""

    reason: str
    chance: float
    base: float
    parts: tuple[tuple[str, float], ...]  # (signal, points of 1), the largest first


class Reasoner:
    """Its card, its ONNX file, and the stops that stand for what is usual.

    SettingsError when a file is missing or made for other features, Tampered when the model is not its card's
    or does not answer its golden cases as recorded.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.card = folder, read_card(folder)
        if self.card.feature_version != features.FEATURE_VERSION:
            raise SettingsError(
                f"model {self.card.name} was made for {self.card.feature_version}: train it anew"
            )
        self._session = open_session(folder / MODEL_FILE)
        golden = _arrays(folder / GOLDEN_FILE)
        found = self.chances(golden["inputs"])
        if found.shape != golden["chance"].shape or not np.allclose(found, golden["chance"], atol=TOLERANCE):
            raise Tampered(f"the model in {folder} does not answer its golden cases as recorded")
        self._background = _arrays(folder / BACKGROUND_FILE)["background"].astype(np.float32)
        self._explainers: dict[int, Explainer] = {}

    def chances(self, inputs: Inputs) -> Probabilities:
        """Calibrated chances (N, L) of inputs (N, F), in the order of the card's labels."""
        return cooled(run(self._session, inputs), self.card.temperature)

    def sure(self, chances: Probabilities) -> npt.NDArray[np.bool_]:
        """Where a reason may be proposed, (N,): its chance reaches the card's limit."""
        return sure(self.card.labels, chances, self.card.limit)

    def say(self, row: Inputs) -> Said:
        """The likeliest reason of one moment (F,), and SHAP values of its chance over signals."""
        chances = self.chances(row[None])[0]
        place = int(chances.argmax())
        found = self._explainer(place).explain(row[None])
        names = [name for name, _ in self._explainer(place).groups.names]
        parts = sorted(zip(names, found.values.tolist(), strict=True), key=lambda one: -abs(one[1]))
        return Said(self.card.labels[place], float(chances[place]), found.base_value, tuple(parts))

    def _explainer(self, place: int) -> Explainer:
        if place not in self._explainers:
            groups = Groups.of(features.CHANNELS, 1, 1)

            def chance(windows: Inputs) -> Probabilities:
                return self.chances(windows[:, 0])[:, place]

            self._explainers[place] = Explainer(
                chance, groups, self._background[:, None], rounds=ROUNDS, precision=PRECISION
            )
        return self._explainers[place]


def run(session: object, inputs: Inputs) -> Probabilities:
    """Probabilities (N, L) of inputs (N, F), as the file gives them."""
    rows = np.ascontiguousarray(inputs, dtype=np.float32)
    call = session.run  # type: ignore[attr-defined]
    parts = [call(["probabilities"], {"X": rows[at : at + BATCH]})[0] for at in range(0, len(rows), BATCH)]
    return np.concatenate(parts).astype(np.float64)


def cooled(p: Probabilities, temperature: float) -> Probabilities:
    """Probabilities (N, L) with their logarithms divided by a temperature."""
    logs = np.log(np.clip(p, 1e-6, 1.0)) / temperature
    found = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def _arrays(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    if not path.is_file():
        raise SettingsError(f"no model in {path.parent}: {path.name} is missing")
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
