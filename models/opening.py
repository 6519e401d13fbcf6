"""Opens a model's folder, whatever it is for: the desk scores with failure models and with vision models."""

import json
from pathlib import Path
from typing import Protocol

from domain.errors import SettingsError
from models import registry
from models.card import CARD_FILE, CommonCard
from models.registry import LoadedModel
from models.vision.session import Inspector


class Governed(Protocol):
    """A checked model that the registry can hold: where it lies, and its card."""

    @property
    def folder(self) -> Path:
        """Where it lies."""
        ...

    @property
    def card(self) -> CommonCard:
        """What it says of itself."""
        ...


def load(folder: Path) -> LoadedModel | Inspector:
    """The model in `folder`, its hash and golden cases checked.

    Tampered when it is not what its card says; SettingsError when it is missing, or of a capability that no
    process of the desk serves.
    """
    capability = _capability(folder)
    if capability == "vision":
        return Inspector(folder)
    if capability in ("", "failure"):
        return registry.load(folder)
    raise SettingsError(
        f"no process of the desk serves {capability} models: {folder} is used by commands only"
    )


def _capability(folder: Path) -> str:
    """What the card says it is for; "" without a readable card, which loading then refuses."""
    try:
        card = json.loads((folder / CARD_FILE).read_bytes())
    except (OSError, ValueError):
        return ""
    return str(card.get("capability", "")) if isinstance(card, dict) else ""
