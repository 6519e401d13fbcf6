"""The card of a failure model: `card.json` beside `model.onnx`, checked when it is read."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from models import card as common
from models.card import (
    BACKGROUND_FILE,
    CARD_FILE,
    GOLDEN_FILE,
    MODEL_FILE,
    CommonCard,
    Strict,
    file_hash,
    write_card,
)

__all__ = [
    "BACKGROUND_FILE",
    "CARD_FILE",
    "GOLDEN_FILE",
    "MODEL_FILE",
    "BaseNote",
    "Card",
    "DataNote",
    "KnownNote",
    "PointingNote",
    "WindowNote",
    "file_hash",
    "read_card",
    "write_card",
]


class DataNote(Strict):
    """What the model learned from: words, licence, and how runs were split."""

    kind: Literal["cmapss", "plant"]
    source: str
    subset: str = ""
    licence: str
    runs: int = Field(ge=1)
    windows: int = Field(ge=1)
    failures: int = Field(ge=0)
    split: str
    simulated: bool = True  # what does not say that its machines were real was simulated


class WindowNote(Strict):
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
    conditions: tuple[tuple[float, ...], ...] = ()  # settings that training saw; others are refused

    @property
    def sensors(self) -> tuple[str, ...]:
        """Names of the sensors that the model reads, in the order of their columns."""
        pairs = zip(self.channels, self.statistics, strict=True)
        return tuple(name for name, kind in pairs if kind == "cycle")


class KnownNote(Strict):
    """What training saw of engines: conditions (K, 3), least and largest reading by condition and sensor
    (K, S), and the longest run of equal readings of each sensor, in cycles (S,).
    """

    sensors: tuple[str, ...]
    conditions: tuple[tuple[float, ...], ...]
    low: tuple[tuple[float, ...], ...]
    high: tuple[tuple[float, ...], ...]
    still: tuple[int, ...]


class BaseNote(Strict):
    """Chances of a machine type: the mean base value of explanations, what the model states of held-out
    healthy windows and of all windows, and the share of all windows that a failure followed in the horizon.
    """

    base: float
    healthy: float
    stated: float
    came: float


class PointingNote(Strict):
    """Whether explanations point at what truly moved, and hold still (`models.failure.pointing`).

    `figures`: shares `top_1` and `top_3` (`warned_` of warned failures alone), each beside `_by_chance`,
    `_of_others` and `_by_deviation`; `tau_` and `top_3_shared_` over `seeds` and `backgrounds`.
    """

    source: str
    failures: int = Field(ge=1)
    warned: int = Field(ge=0)
    figures: dict[str, float]
    base: dict[str, BaseNote]


class Card(CommonCard):
    """What a user or another process must know of a failure model, beside what every card says."""

    capability: Literal["failure"] = "failure"
    data: DataNote
    window: WindowNote
    horizon: float  # in `horizon_unit`
    horizon_unit: Literal["h", "cycles"]
    horizon_s: int = Field(ge=0)  # 0 where the horizon is in cycles
    horizons: tuple[float, ...] = ()  # in `life_unit`: where the output `horizons` states a chance
    life_unit: Literal["operating hours", "cycles"]
    life_limit: float  # lives are cut here: `rul` at the limit reads "at least"
    interval: float = 0.9
    threshold: float = Field(ge=0, le=1)
    known: KnownNote | None = None  # engines only
    pointing: PointingNote | None = None  # simulated plants only: nobody else knows the truth


def read_card(folder: Path) -> Card:
    """The card in `folder`; SettingsError when missing or wrong, Tampered when the model differs."""
    return common.read(folder, Card)
