"""A checked model that watches machines, ready to score their windows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from domain.errors import InvalidInput, SettingsError, Tampered
from models.anomaly import running
from models.anomaly.machines.card import read_card
from models.card import BACKGROUND_FILE, GOLDEN_FILE, MODEL_FILE, file_hash
from models.features import plant as features
from models.features.familiar import Familiar
from models.session import open_session

TOLERANCE = 1e-3
Windows = npt.NDArray[np.float32]
SHAPE = (features.STEPS, len(features.CHANNELS))


@dataclass(frozen=True, slots=True)
class Marks:
    """Scores (N,) and the signals' parts of them (N, C); not finite where the file gave no usable answer."""

    score: npt.NDArray[np.float64]
    parts: npt.NDArray[np.float64]


class Watcher:
    """Its card, its ONNX file, and healthy windows by type of machine.

    SettingsError when a file is missing or made for other features, Tampered when the model is not its card's
    or does not answer its golden cases as recorded.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.card = folder, read_card(folder)
        if self.card.feature_version != features.FEATURE_VERSION or self.card.signals != features.CHANGES:
            raise SettingsError(
                f"model {self.card.name} was made for {self.card.feature_version}: train it anew"
            )
        self._session = open_session(folder / MODEL_FILE)
        golden = _arrays(folder / GOLDEN_FILE)
        found = self.marks(golden["window"])
        if not np.allclose(found.score, golden["score"], atol=TOLERANCE, rtol=TOLERANCE):
            raise Tampered(f"the model in {folder} does not answer its golden cases as recorded")
        self.backgrounds = {
            name: one.astype(np.float32) for name, one in _arrays(folder / BACKGROUND_FILE).items()
        }
        self.familiar = Familiar.of(self.backgrounds)

    def marks(self, windows: Windows) -> Marks:
        """What is said of windows (N, 32, 41), N may be 0; InvalidInput for another shape."""
        return _marks(self._session, windows)

    def scores(self, windows: Windows) -> npt.NDArray[np.float64]:
        """Scores (N,) alone: what an explanation evaluates."""
        return self.marks(windows).score

    def peers(self) -> Mapping[str, "Peer"]:
        """The other models of the folder; Tampered when one is not the card's."""
        found = {}
        for name, note in self.card.peers.items():
            path = self.folder / f"peer_{name}.onnx"
            if not path.is_file():
                raise SettingsError(f"no model in {self.folder}: {path.name} is missing")
            if file_hash(path) != note.sha256:
                raise Tampered(f"{path} is not the file that its card describes")
            found[name] = Peer(path, note.thresholds)
        return found


class Peer:
    """Another model of the folder, and its thresholds by type of machine."""

    def __init__(self, path: Path, thresholds: dict[str, float]) -> None:
        self.thresholds = thresholds
        self._session = open_session(path)

    def marks(self, windows: Windows) -> Marks:
        """What it says of windows (N, 32, 41)."""
        return _marks(self._session, windows)


def _marks(opened: object, windows: Windows) -> Marks:
    if windows.ndim != 3 or windows.shape[1:] != SHAPE:
        raise InvalidInput(f"windows of shape {windows.shape[1:]} do not fit a model of {SHAPE}")
    if not len(windows):
        return Marks(np.zeros(0), np.zeros((0, len(features.CHANGES))))
    score, parts = running.run(opened, windows)
    return Marks(score, parts)


def _arrays(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    if not path.is_file():
        raise SettingsError(f"no model in {path.parent}: {path.name} is missing")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, BadZipFile) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
