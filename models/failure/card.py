"""The card of a failure model: `card.json` beside `model.onnx`, checked when it is read."""

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.errors import SettingsError, Tampered

MODEL_FILE, CARD_FILE, GOLDEN_FILE, BACKGROUND_FILE = (
    "model.onnx",
    "card.json",
    "golden.npz",
    "background.npz",
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataNote(_Strict):
    """What the model learned from: words, licence, and how runs were split."""

    kind: Literal["cmapss", "plant"]
    source: str
    subset: str = ""
    licence: str
    runs: int = Field(ge=1)
    windows: int = Field(ge=1)
    failures: int = Field(ge=0)
    split: str


class WindowNote(_Strict):
    """The input: T steps of F channels, first the values, then masks, then one-hot groups.

    `channels` names each column's sensor: equal names are one sensor (its statistics and its mask).
    `statistics` says what a column holds: mean, usual, mask, one_hot ...
    """

    steps: int = Field(ge=1)
    step_s: int = Field(ge=0)  # 0 where a step is a cycle
    channels: tuple[str, ...]
    statistics: tuple[str, ...]
    values: int = Field(ge=1)
    masks: int = Field(ge=0)
    groups: tuple[str, ...] = ()

    @property
    def sensors(self) -> tuple[str, ...]:
        """Names of the sensors that the model reads, in the order of their columns."""
        pairs = zip(self.channels, self.statistics, strict=True)
        return tuple(name for name, kind in pairs if kind == "cycle")


class Card(_Strict):
    """Everything about a model that a user or another process must know before it is used."""

    name: str
    version: str
    capability: Literal["failure"] = "failure"
    created: str
    intended_use: str
    limits: tuple[str, ...]
    licence: str
    command: str
    seeds: tuple[int, ...]
    seconds: float
    settings: dict[str, float | int | str]
    data: DataNote
    feature_version: str
    window: WindowNote
    horizon: float  # in `horizon_unit`
    horizon_unit: Literal["h", "cycles"]
    horizon_s: int = Field(ge=0)  # 0 where the horizon is in cycles
    life_unit: Literal["operating hours", "cycles"]
    life_limit: float  # lives are cut here: `rul` at the limit reads "at least"
    interval: float = 0.9
    threshold: float = Field(ge=0, le=1)
    threshold_rule: str
    validation: dict[str, float]  # on runs that no member of the ensemble was trained on
    test: dict[str, float]  # measured once, after everything was chosen
    background: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


def file_hash(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_card(folder: Path) -> Card:
    """The card in `folder`; SettingsError when missing or wrong, Tampered when the model differs."""
    path = folder / CARD_FILE
    try:
        card = Card.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise SettingsError(f"no model in {folder}: {CARD_FILE} is missing") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    model = folder / MODEL_FILE
    if not model.is_file():
        raise SettingsError(f"no model in {folder}: {MODEL_FILE} is missing")
    if file_hash(model) != card.sha256:
        raise Tampered(f"{model} is not the file that its card describes")
    return card


def write_card(folder: Path, card: Card) -> None:
    """Write `card.json`, indented, so that a change is readable in a diff."""
    (folder / CARD_FILE).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
