"""The card of a model of scrap."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from models import card as common
from models.card import CommonCard, Strict

LEAST = 20  # operations of a product, and bad parts among them, before anything is said of it


class DataNote(Strict):
    """What the model learned from, and whether its machines were simulated."""

    kind: Literal["plant"] = "plant"
    source: str
    runs: int = Field(ge=1)  # machines
    windows: int = Field(ge=1)  # operations
    split: str
    simulated: bool


class Setting(Strict):
    """A setting of a product: its middle and its spread among what taught, and the range that was seen (from
    the 2nd to the 98th of a hundred operations)."""

    name: str
    centre: float
    scale: float = Field(gt=0)
    low: float
    high: float


class Product(Strict):
    """What is known of a product: `operations` and bad parts (`bad`) of training stand behind it. `advises`
    is False where its settings explained nothing on later operations; `gain` says how much they did there:
    the share of the deviance that machine and product alone leave."""

    settings: tuple[Setting, ...] = Field(min_length=1)
    operations: int = Field(ge=LEAST)
    bad: int = Field(ge=LEAST)
    gain: float
    advises: bool


class Card(CommonCard):
    """Everything about such a model that a user or another process must know before it is used.

    `machines` in the order of their columns; `members`: how many fits on operations drawn with replacement
    stand behind an interval.
    """

    capability: Literal["quality"] = "quality"
    kind: Literal["plant"] = "plant"
    data: DataNote
    products: dict[str, Product]
    machines: tuple[str, ...] = Field(min_length=1)
    members: int = Field(ge=20)


def read_card(folder: Path) -> Card:
    """The card in `folder`; SettingsError when missing or wrong, Tampered when the model differs."""
    return common.read(folder, Card)
