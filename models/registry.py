"""Model folders: read, checked, ready to run. Nothing unchecked is ever scored with.

A folder holds model.onnx, card.json, golden.npz (stored windows and what the model must answer) and
background.npz (healthy windows, one array (B, T, F) per machine type). A missing file or a wrong
card is a SettingsError (exit code 2); a model that is not the one its card describes, or that
answers its golden cases otherwise, is Tampered.
"""

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from domain.errors import SettingsError, Tampered
from models.failure.card import BACKGROUND_FILE, GOLDEN_FILE, MODEL_FILE, Card, read_card
from models.scorer import Scorer

Floats = NDArray[np.float32]
GOLDEN_TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A checked model: its card, a session to score with, and the background windows by machine type."""

    folder: Path
    card: Card
    scorer: Scorer
    backgrounds: dict[str, Floats]

    def background(self, machine_type: str) -> Floats | None:
        """Healthy windows (B, T, F) of a machine type, or None when the model knows none."""
        found = self.backgrounds.get(machine_type)
        return self.backgrounds.get("") if found is None else found


def load(folder: Path) -> LoadedModel:
    """The model in `folder`, its hash and its golden cases checked."""
    card = read_card(folder)
    scorer = Scorer(folder / MODEL_FILE, card.window.steps, len(card.window.channels))
    golden = _arrays(folder / GOLDEN_FILE)
    _check_golden(folder, scorer, golden)
    backgrounds = {_machine_type(name): array for name, array in _arrays(folder / BACKGROUND_FILE).items()}
    shape = (card.window.steps, len(card.window.channels))
    for name, array in backgrounds.items():
        if array.ndim != 3 or len(array) == 0 or array.shape[1:] != shape:
            raise SettingsError(f"{folder / BACKGROUND_FILE}: {name!r} has the shape {array.shape}")
    unknown = [group for group in card.window.groups if group not in backgrounds and "" not in backgrounds]
    if unknown or not backgrounds:
        raise SettingsError(
            f"{folder / BACKGROUND_FILE} has no windows of {', '.join(unknown) or 'anything'}"
        )
    return LoadedModel(folder, card, scorer, backgrounds)


def _arrays(path: Path) -> dict[str, Floats]:
    if not path.is_file():
        raise SettingsError(f"no model in {path.parent}: {path.name} is missing")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name].astype(np.float32) for name in archive.files}
    except (ValueError, OSError, BadZipFile) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error


def _check_golden(folder: Path, scorer: Scorer, golden: dict[str, Floats]) -> None:
    missing = {"window", "probability", "rul"} - golden.keys()
    if missing or len(golden["window"]) == 0:
        raise SettingsError(f"{folder / GOLDEN_FILE} has no {', '.join(sorted(missing)) or 'cases'}")
    scores = scorer.score(golden["window"])
    answers = ((scores.probability, golden["probability"]), (scores.rul, golden["rul"]))
    for found, wanted in answers:
        if found.shape != wanted.shape or not np.allclose(
            found, wanted, rtol=GOLDEN_TOLERANCE, atol=GOLDEN_TOLERANCE
        ):
            raise Tampered(f"the model in {folder} does not answer its golden cases as recorded")


def _machine_type(name: str) -> str:
    return "" if name in ("background", "all", "window") else name
