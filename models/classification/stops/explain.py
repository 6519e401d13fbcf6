"""Why a reason is proposed: SHAP values of its chance over signals, and a sentence built from them."""

from pathlib import Path
from typing import Any

from domain.errors import SettingsError
from domain.stop_causes import contributed
from models.classification.stops import cases as files
from models.classification.stops.reasoner import Reasoner
from models.dataspec import DataSpec


def explain(model: Path, data: DataSpec, case: str) -> dict[str, Any]:
    """Chance, base value and a contribution per signal, largest first; SettingsError without the case."""
    reasoner, found = Reasoner(model), files.read(data)
    if case not in found.ids:
        raise SettingsError(f"--case {case!r}: no such case; the first is {found.ids[0]}")
    said = reasoner.say(found.inputs[found.ids.index(case)])
    total = said.base + sum(value for _, value in said.parts)
    return {
        "case": case,
        "model": f"{reasoner.card.name} {reasoner.card.version}",
        "label": said.reason,
        "probability": said.chance,
        "sure": said.chance >= reasoner.card.limit,
        "base_value": said.base,
        "additivity_error": abs(total - said.chance),
        "background": reasoner.card.background,
        "method": f"SHAP, interventional, on the chance of {said.reason}",
        "text": contributed(said.parts),
        "contributions": [{"signal": name, "value": value} for name, value in said.parts],
    }
