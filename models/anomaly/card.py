"""The card of an anomaly model."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from models import card as common
from models.card import CommonCard, Strict


class PeerNote(Strict):
    """Another model of the folder: its hash, and its threshold at the same false-alarm rate."""

    sha256: str
    threshold: float


class SoundNote(Strict):
    """What training runs were like: seconds between readings, longest gap in such steps, longest stillness
    of each signal in readings, and the least standard deviation of each in a beginning.
    """

    step_least_s: float
    step_most_s: float
    gap: float
    still: tuple[int, ...]
    spread: tuple[float, ...]


class Card(CommonCard):
    """Everything about an anomaly model that a user or another process must know before it is used.

    A reading is flagged when its score is above `threshold`, and a signal is odd when its part of the
    score is above its limit; both come from healthy readings and `rate` alone, never from faults.
    """

    capability: Literal["anomaly"] = "anomaly"
    kind: str
    source: str
    runs: int = Field(ge=1)
    channels: tuple[str, ...]
    steps: int = Field(ge=1)
    rate: float = Field(gt=0, lt=1)
    threshold: float = Field(gt=0)
    limits_by_signal: dict[str, float]
    served: str
    peers: dict[str, PeerNote]
    sound: SoundNote | None = None  # models of before have none, and judge every run


def read_card(folder: Path) -> Card:
    """The card in `folder`; SettingsError when missing or wrong, Tampered when the model differs."""
    return common.read(folder, Card)
