"""The card of a vision model."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from models import card as common
from models.card import CommonCard, Strict

SEEN_FILE = "seen.npz"


class LeftOut(Strict):
    """What a network trained without one kind says of that kind: the share said to be unknown."""

    label: str
    pictures: int
    said_unknown: float
    known_said_unknown: float


class Card(CommonCard):
    """Everything about a vision model that a user or another process must know before it is used.

    A picture whose strangeness is above `unknown_above` is of no known kind, whatever its probabilities;
    one whose best probability is below `sure_from` goes to a person. `usual` are the ranges of sharpness,
    light and colours in training (models/vision/conditions.py); a picture outside is not judged.
    """

    capability: Literal["vision"] = "vision"
    kind: str
    source: str
    pictures: int = Field(ge=1)
    labels: tuple[str, ...] = Field(min_length=2)
    good: str  # the label that is no defect; empty where every label is one
    size: int = Field(ge=32, le=512)
    channels: Literal[1, 3]
    members: int = Field(ge=1)
    temperature: float = Field(gt=0)
    sure_from: float = Field(gt=0, lt=1)
    unknown_above: float = Field(gt=0)
    left_out: tuple[LeftOut, ...]
    usual: dict[str, tuple[float, float]] = Field(default_factory=dict)


def read_card(folder: Path) -> Card:
    """The card in `folder`; SettingsError when missing or wrong, Tampered when the model differs."""
    return common.read(folder, Card)
