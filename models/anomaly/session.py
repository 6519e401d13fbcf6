"""Runs an anomaly model's ONNX file on recordings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError, Tampered
from models.anomaly.card import Card, read_card
from models.anomaly.deviation import Floats, deviations, windows
from models.anomaly.kinds import KINDS, Kind
from models.anomaly.series import Run
from models.card import GOLDEN_FILE, MODEL_FILE, file_hash
from models.dataspec import DataSpec
from models.session import BATCH, open_session

TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class Scored:
    """A run's windows (N, T, C), scores (N,) and the signals' parts (N, C); the first `head` taught."""

    windows: Floats
    score: npt.NDArray[np.float64]
    parts: npt.NDArray[np.float64]
    head: int

    def flags(self, threshold: float) -> npt.NDArray[np.bool_]:
        """Readings above the threshold, never one of the head, (N,)."""
        found = self.score > threshold
        found[: self.head] = False
        return found


class Detector:
    """A checked model and its card."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.card = folder, read_card(folder)
        self.kind = _kind(self.card)
        self._session = open_session(folder / MODEL_FILE)
        path = folder / GOLDEN_FILE
        if not path.is_file():
            raise SettingsError(f"no model in {folder}: {GOLDEN_FILE} is missing")
        with np.load(path, allow_pickle=False) as golden:
            found = run(self._session, golden["window"])[0]
            if not np.allclose(found, golden["score"], atol=TOLERANCE, rtol=TOLERANCE):
                raise Tampered(f"the model in {folder} does not answer its golden cases as recorded")

    def runs(self, data: DataSpec) -> list[Run]:
        """The recordings of `data`; SettingsError when they are of another kind."""
        if data.kind != self.kind.name:
            raise SettingsError(f"model {self.card.name} was made for {self.kind.name}, not for {data.kind}")
        return self.kind.read(data)

    def score(self, recording: Run) -> Scored:
        """Every reading of a run, judged by its own beginning."""
        head = self.kind.settings.head(len(recording))
        seen = windows(deviations(recording.values, head, self.kind.settings), self.kind.settings.steps)
        return Scored(seen, *run(self._session, seen), head)

    def scores(self, seen: Floats) -> npt.NDArray[np.float64]:
        """Scores (N,) of windows (N, T, C)."""
        return run(self._session, seen)[0]

    def peers(self) -> dict[str, tuple[Any, float]]:
        """The other models of the folder and their thresholds; Tampered when one is not the card's."""
        found = {}
        for name, note in self.card.peers.items():
            path = self.folder / f"peer_{name}.onnx"
            if not path.is_file():
                raise SettingsError(f"no model in {self.folder}: {path.name} is missing")
            if file_hash(path) != note.sha256:
                raise Tampered(f"{path} is not the file that its card describes")
            found[name] = (open_session(path), note.threshold)
        return found


def _kind(card: Card) -> Kind:
    kind = KINDS.get(card.kind)
    if kind is None or kind.version != card.feature_version:
        raise SettingsError(f"model {card.name} was made for {card.feature_version}: train it anew")
    return kind


def run(session: Any, seen: Floats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Score (N,) and parts (N, C) of windows (N, T, C)."""
    found = [
        session.run(["score", "parts"], {"window": np.ascontiguousarray(seen[at : at + BATCH], np.float32)})
        for at in range(0, len(seen), BATCH)
    ]
    score = np.concatenate([one[0] for one in found]).astype(np.float64).reshape(-1)
    return score, np.concatenate([one[1] for one in found]).astype(np.float64)
