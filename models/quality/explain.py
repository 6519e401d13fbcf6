"""What the settings of an operation contributed to its expected share of bad parts."""

from pathlib import Path
from typing import Any

import numpy as np

from domain.errors import SettingsError
from domain.process import parameter_label
from models.dataspec import DataSpec
from models.quality import cases as files
from models.quality.adviser import Adviser
from models.quality.cases import Operation


def explain(model: Path, data: DataSpec, case: str) -> dict[str, Any]:
    """Share, base value and a contribution per setting, largest first; SettingsError without the case, or
    where the model does not know it.

    Values are of the logarithm of the odds, in which the model adds its settings up: each is exact, and the
    base is the mean over the data's operations of the same product and machine.
    """
    adviser, every = Adviser(model), files.read(data)
    one = next((each for each in every if each.operation == case), None)
    if one is None:
        raise SettingsError(f"--case {case!r}: no such case; the first is {every[0].operation}")
    if not adviser.covers(one):
        raise SettingsError(f"the model does not know {one.product_id} on {one.equipment_id}")
    peers = [each for each in every if adviser.covers(each) and _like(each, one)]
    mine, usual = _odds(adviser, [one])[0], _odds(adviser, peers).mean()
    parts = [
        (name, _part(adviser, one, peers, name)) for name in adviser.basis.setting_columns(one.product_id)
    ]
    parts.sort(key=lambda part: -abs(part[1]))
    said = adviser.expected(one)
    return {
        "case": case, "model": f"{adviser.card.name} {adviser.card.version}", "share": said.value,
        "share_low": said.low, "share_high": said.high, "base_value": float(usual), "value": float(mine),
        "additivity_error": abs(float(usual) + sum(value for _, value in parts) - float(mine)),
        "background": f"{len(peers)} operations of the same product on the same machine",
        "method": "exact, on the logarithm of the odds", "text": _text(parts),
        "contributions": [{"signal": name, "value": value} for name, value in parts],
    }  # fmt: skip


def _like(each: Operation, one: Operation) -> bool:
    return (each.product_id, each.equipment_id) == (one.product_id, one.equipment_id)


def _odds(adviser: Adviser, some: list[Operation]) -> np.ndarray:
    share = adviser.shares(some)[:, 0]
    return np.asarray(np.log(share / (1 - share)))


def _part(adviser: Adviser, one: Operation, peers: list[Operation], name: str) -> float:
    """What a setting adds: with those of its peers in its place, all else as it is."""
    others = [Operation("", one.equipment_id, one.product_id, 0, {**one.settings, name: each.settings[name]})
              for each in peers]  # fmt: skip
    return float(_odds(adviser, [one])[0] - _odds(adviser, others).mean())


def _text(parts: list[tuple[str, float]]) -> str:
    name, value = parts[0]
    way = "more" if value > 0 else "less"
    return f"{parameter_label(name)} contributed most, towards {way} scrap."
