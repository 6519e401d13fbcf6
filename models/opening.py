"""Opens a model's folder, whatever the desk uses it for: failures, the unusual, pictures, reasons, scrap."""

import json
from pathlib import Path
from typing import Protocol

from domain.errors import SettingsError
from models import registry
from models.anomaly.machines.watcher import Watcher
from models.card import CARD_FILE, CommonCard
from models.classification.stops.reasoner import Reasoner
from models.quality.adviser import Adviser
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


def load(folder: Path) -> LoadedModel | Inspector | Watcher | Reasoner | Adviser:
    """The model in `folder`, its hash and golden cases checked.

    Tampered when it is not what its card says; SettingsError when it is missing, or of a capability that no
    process of the desk serves.
    """
    capability, kind = _capability(folder)
    if capability == "vision":
        return Inspector(folder)
    if (capability, kind) == ("anomaly", "plant"):
        return Watcher(folder)
    if (capability, kind) == ("classification", "stops"):
        return Reasoner(folder)
    if (capability, kind) == ("quality", "plant"):
        return Adviser(folder)
    if capability in ("", "failure"):
        return registry.load(folder)
    raise SettingsError(
        f"no process of the desk serves {capability} models: {folder} is used by commands only"
    )


def _capability(folder: Path) -> tuple[str, str]:
    """What the card says it is for, of what kind; "" without a readable card, which loading then refuses."""
    try:
        card = json.loads((folder / CARD_FILE).read_bytes())
    except (OSError, ValueError):
        return "", ""
    return (
        (str(card.get("capability", "")), str(card.get("kind", ""))) if isinstance(card, dict) else ("", "")
    )
