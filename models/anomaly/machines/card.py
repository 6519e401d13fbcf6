"""The card of a model that watches a plant's machines for what is unusual."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from models import card as common
from models.card import CommonCard, Strict


class DataNote(Strict):
    """What the model learned from, and whether its machines were simulated."""

    kind: Literal["plant"] = "plant"
    source: str
    licence: str
    runs: int = Field(ge=1)  # machines
    windows: int = Field(ge=1)
    split: str
    simulated: bool


class PeerNote(Strict):
    """Another model of the folder: its hash, and its thresholds at the same rate of false alarms."""

    sha256: str
    thresholds: dict[str, float]


class Card(CommonCard):
    """Everything about such a model that a user or another process must know before it is used.

    `false_alarms` is the stated rate: so often a healthy machine may be called odd in a month. The
    thresholds come from it and from healthy windows that the judging network never saw. A signal is odd where
    the root of its part is above the threshold too.
    """

    capability: Literal["anomaly"] = "anomaly"
    kind: Literal["plant"] = "plant"
    data: DataNote
    signals: tuple[str, ...]
    false_alarms: float = Field(gt=0)
    thresholds: dict[str, float] = Field(min_length=1)  # by type of machine
    served: str
    peers: dict[str, PeerNote]


def read_card(folder: Path) -> Card:
    """The card in `folder`; SettingsError when missing or wrong, Tampered when the model differs."""
    return common.read(folder, Card)
