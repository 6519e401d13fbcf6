"""Runs an anomaly model's ONNX file on recordings."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError, Tampered
from models.anomaly import sound
from models.anomaly.card import Card, read_card
from models.anomaly.deviation import Floats, deviations, windows
from models.anomaly.healthy import seen_from
from models.anomaly.kinds import KINDS, Kind
from models.anomaly.running import run
from models.anomaly.series import Run
from models.card import GOLDEN_FILE, MODEL_FILE, file_hash
from models.dataspec import DataSpec
from models.session import open_session

TOLERANCE = 1e-4
ABOVE = 1.001  # times the limit: the least score of a reading that is flagged
LOG = logging.getLogger("taktwise.models")


@dataclass(frozen=True, slots=True)
class Scored:
    """A run's windows (N, T, C), scores (N,) and the signals' parts (N, C); the first `head` taught.

    Readings above `limit` are flagged, and those where a signal stands `still` (N, C). Signals `left_out`
    (C,) stood still in the head.
    """

    windows: Floats
    score: npt.NDArray[np.float64]
    parts: npt.NDArray[np.float64]
    head: int
    limit: float
    left_out: npt.NDArray[np.bool_]
    still: npt.NDArray[np.bool_]

    def flags(self) -> npt.NDArray[np.bool_]:
        """Readings above the limit, never one of the head, (N,)."""
        found = self.score > self.limit
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
        """Every reading of a run, judged by its own beginning; SettingsError where it cannot be.

        Where a signal stands still for longer than training ever saw, the score is above the limit.
        """
        head = self.head(recording)
        try:
            found = sound.check(self.card, recording, self.kind.settings)
        except sound.NotJudged as error:
            raise SettingsError(str(error)) from error
        seen = windows(deviations(found.values, head, self.kind.settings), self.kind.settings.steps)
        limit = self.limit(replace(recording, values=found.values), self._session, self.card.threshold)
        score, parts = run(self._session, seen)
        score = np.where(found.still.any(axis=1), np.maximum(score, ABOVE * limit), score)
        return Scored(seen, score, parts, head, limit, found.left_out, found.still)

    def head(self, recording: Run) -> int:
        """Readings in the beginning of a run; SettingsError names the file of one that is too short."""
        try:
            return self.kind.settings.head(len(recording))
        except SettingsError as error:
            raise SettingsError(f"{recording.file}: {error}") from error

    def each(self, runs: Iterable[Run]) -> Iterator[tuple[Run, Scored | str]]:
        """Every run with its scores, or with why it cannot be judged; SettingsError where none can."""
        judged, why = 0, ""
        for one in runs:
            try:
                found: Scored | str = self.score(one)
                judged += 1
            except SettingsError as error:
                found = why = str(error)
                LOG.warning("not judged: %s", error)
            yield one, found
        if not judged:
            raise SettingsError(why)

    def limit(self, recording: Run, session: Any, shared: float) -> float:
        """A run's threshold: the shared one, or its own from the second half of its beginning, seen from the
        first, at the stated rate and at least the shared one.
        """
        if not self.kind.least:
            return shared
        head = self.head(recording)
        healthy = seen_from(self.kind, recording.values[:head], head // 2)
        return max(shared, float(np.quantile(run(session, healthy)[0], 1 - self.kind.rate)))

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
