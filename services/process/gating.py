"""The facts behind the gates of a challenger that says what settings do to scrap, in the scoring process."""

import json
from collections.abc import Mapping
from typing import Any

from data.store.database import Database
from domain import scrap_gates as g
from domain.model_gates import Gate, card_gate, file_gate
from models.quality.adviser import Adviser
from services.registry.folders import Load, opened


def scrap_gates(
    _database: Database, challenger: Mapping[str, Any], champion: Mapping[str, Any] | None, load: Load
) -> list[Gate]:
    """Every gate, in the order in which people read them."""
    ours, theirs = json.loads(challenger["card"]), json.loads(champion["card"]) if champion else {}
    _, trouble = opened(challenger, load, Adviser)
    return [
        file_gate(trouble),
        card_gate(ours),
        g.input_gate(ours, theirs),
        g.held_out_gate(ours.get("test", {})),
    ]
