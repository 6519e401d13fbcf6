"""What every model's card says, and how a model folder is checked: `card.json` beside `model.onnx`."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.errors import SettingsError, Tampered
from models import manifest
from models.manifest import file_hash

__all__ = [
    "BACKGROUND_FILE",
    "CARD_FILE",
    "GOLDEN_FILE",
    "MODEL_FILE",
    "CommonCard",
    "Strict",
    "file_hash",
    "read",
    "write_card",
]
MODEL_FILE, CARD_FILE, GOLDEN_FILE, BACKGROUND_FILE = (
    "model.onnx",
    "card.json",
    "golden.npz",
    "background.npz",
)


class Strict(BaseModel):
    """A part of a card: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CommonCard(Strict):
    """What a user must know of any model before it is used."""

    name: str
    version: str
    capability: str
    created: str
    intended_use: str
    limits: tuple[str, ...]
    licence: str
    command: str
    seeds: tuple[int, ...]
    seconds: float
    settings: dict[str, float | int | str]
    feature_version: str
    threshold_rule: str
    validation: dict[str, float]  # on cases that no part of the model was trained on
    test: dict[str, float]  # measured once, after everything was chosen
    background: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


AnyCard = TypeVar("AnyCard", bound=CommonCard)


def read(folder: Path, kind: type[AnyCard]) -> AnyCard:
    """The card in `folder`, every file beside it checked.

    SettingsError when a file is missing or wrong, Tampered when one is not as it was written.
    """
    path = folder / CARD_FILE
    try:
        card = kind.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SettingsError(f"no model in {folder}: {CARD_FILE} is missing") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    model = folder / MODEL_FILE
    if not model.is_file():
        raise SettingsError(f"no model in {folder}: {MODEL_FILE} is missing")
    if file_hash(model) != card.sha256:
        raise Tampered(f"{model} is not the file that its card describes")
    manifest.check(folder)
    return card


def write_card(folder: Path, card: CommonCard) -> None:
    """Write `card.json`, indented, so that a change is readable in a diff, and seal the folder with it."""
    (folder / CARD_FILE).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    manifest.seal(folder)
