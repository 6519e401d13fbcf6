"""The card of a classifier."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from models import card as common
from models.card import CommonCard, Strict

SEEN_FILE = "seen.npz"


class RangeNote(Strict):
    """What training saw of a reading: smallest and largest value, three quantiles (5, 50, 95 %), and the
    share of its commonest value. Older cards have the first two only.
    """

    name: str
    low: float
    high: float
    early: float = 0.0
    middle: float = 0.0
    late: float = 0.0
    common: float = 1.0


class Card(CommonCard):
    """Everything about a classifier that a user or another process must know before it is used.

    `threshold`: with two labels, the probability of `positive` from which a case gets that label; None
    where the likeliest label is taken. `peers` are the SHA-256 of the other models in the folder.
    """

    capability: Literal["classification"] = "classification"
    kind: str
    target: str
    source: str
    cases: int = Field(ge=1)
    labels: tuple[str, ...] = Field(min_length=2)
    positive: str
    threshold: float | None = Field(ge=0, le=1)
    stretches: int = Field(ge=1)
    ranges: tuple[RangeNote, ...]
    usual: tuple[float, ...] = ()  # share of each label in training
    served: str
    peers: dict[str, str]


def read_card(folder: Path) -> Card:
    """The card in `folder`; SettingsError when missing or wrong, Tampered when the model differs."""
    return common.read(folder, Card)
