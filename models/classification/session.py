"""Runs a classifier's ONNX file, and refuses readings that cannot be what it learned."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError, Tampered
from models.card import GOLDEN_FILE, MODEL_FILE, file_hash
from models.classification import known
from models.classification.card import Card, read_card
from models.classification.kinds import KINDS, Kind
from models.classification.table import Floats, Probabilities, Table
from models.session import BATCH, open_session

TOLERANCE = 1e-4


class Classifier:
    """A checked model: its card, and probabilities (N, L) of raw readings (N, K, C)."""

    def __init__(self, folder: Path) -> None:
        self.card: Card = read_card(folder)
        self.kind: Kind = _kind(self.card)
        self._session = open_session(folder / MODEL_FILE)
        self._check_golden(folder)

    def probabilities(self, raw: Floats) -> Probabilities:
        """The mean over a case's stretches, in the order of the card's labels."""
        return probabilities(self._session, self.kind.features(raw))

    def stated(self, raw: Floats) -> Probabilities:
        """Probabilities (N, L) as they are given out: far outside of what training saw, the usual shares."""
        return known.towards_usual(self.card, self.probabilities(raw), raw)

    def check(self, table: Table) -> None:
        """SettingsError where a reading is in another unit than in training, or stands still."""
        known.check(self.card, table.raw)

    def strange(self, table: Table) -> npt.NDArray[np.bool_]:
        """Cases with a reading outside of all that training saw, (N,): less is known of them."""
        low = np.array([one.low for one in self.card.ranges])
        high = np.array([one.high for one in self.card.ranges])
        return np.asarray(((table.raw < low) | (table.raw > high)).any(axis=(1, 2)))

    def _check_golden(self, folder: Path) -> None:
        path = folder / GOLDEN_FILE
        if not path.is_file():
            raise SettingsError(f"no model in {folder}: {GOLDEN_FILE} is missing")
        with np.load(path, allow_pickle=False) as golden:
            raw, wanted = golden["raw"], golden["probability"]
        found = self.probabilities(raw)
        if found.shape != wanted.shape or not np.allclose(found, wanted, atol=TOLERANCE):
            raise Tampered(f"the model in {folder} does not answer its golden cases as recorded")


def _kind(card: Card) -> Kind:
    kind = KINDS.get(card.kind)
    if kind is None or kind.version != card.feature_version:
        raise SettingsError(f"model {card.name} was made for {card.feature_version}: train it anew")
    return kind


def probabilities(session: object, inputs: Floats) -> Probabilities:
    """Probabilities (N, L) of inputs (N, K, F), the mean over K."""
    count, stretches, width = inputs.shape
    rows = np.ascontiguousarray(inputs.reshape(-1, width), dtype=np.float32)
    run = session.run  # type: ignore[attr-defined]
    parts = [run(["probabilities"], {"X": rows[at : at + BATCH]})[0] for at in range(0, len(rows), BATCH)]
    found = np.concatenate(parts).astype(np.float64).reshape(count, stretches, -1)
    return np.asarray(found.mean(axis=1))


def peers(folder: Path, card: Card) -> dict[str, object]:
    """The other models of the folder, for comparison; Tampered when one is not the card's."""
    found: dict[str, object] = {}
    for name, digest in card.peers.items():
        path = folder / f"peer_{name}.onnx"
        if not path.is_file():
            raise SettingsError(f"no model in {folder}: {path.name} is missing")
        if file_hash(path) != digest:
            raise Tampered(f"{path} is not the file that its card describes")
        found[name] = open_session(path)
    return found
