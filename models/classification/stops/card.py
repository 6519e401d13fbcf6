"""The card of a model that proposes reasons of stops."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from models import card as common
from models.card import CommonCard, Strict

REST = "rest"  # all reasons with too few stops: known to be another one, never proposed
LEAST = 20  # stops behind a reason, before a chance of it may be stated


class DataNote(Strict):
    """What the model learned from, and whether its machines were simulated."""

    kind: Literal["stops"] = "stops"
    source: str
    runs: int = Field(ge=1)  # machines
    windows: int = Field(ge=1)  # stops
    split: str
    simulated: bool


class Card(CommonCard):
    """Everything about such a model that a user or another process must know before it is used.

    `labels` are the reasons that it knows, and REST; `stops` says how many stops of training stand behind
    each: at least LEAST behind a reason. `limit`: a reason is proposed where its chance is at least that;
    above 1 it never is, and the rules serve (`served` is then `rules`). `temperature` divides the logarithms
    of the file's probabilities.
    """

    capability: Literal["classification"] = "classification"
    kind: Literal["stops"] = "stops"
    data: DataNote
    labels: tuple[str, ...] = Field(min_length=2)
    stops: dict[str, int]
    temperature: float = Field(gt=0)
    limit: float = Field(ge=0)
    served: str


def read_card(folder: Path) -> Card:
    """The card in `folder`; SettingsError when missing or wrong, Tampered when the model differs."""
    return common.read(folder, Card)
