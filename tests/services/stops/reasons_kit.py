"""A model of reasons that says what it is told to."""

from types import SimpleNamespace

import numpy as np
from sqlalchemy import Connection, insert

from data.store import tables as t
from models.classification.stops.reasoner import Said

NAME = "plant_reason"


class Says:
    """Of every stop the same: a reason, and how likely it is."""

    def __init__(
        self, reason: str = "tool", chance: float = 0.9, *, simulated: bool = True, version: str = "1"
    ) -> None:
        self.card = SimpleNamespace(
            name=NAME, version=version, labels=(reason, "rest"), limit=0.7,
            data=SimpleNamespace(simulated=simulated),
        )  # fmt: skip
        self.chance = chance
        self.rows: list[np.ndarray] = []

    def chances(self, inputs: np.ndarray) -> np.ndarray:
        self.rows += list(inputs)
        return np.tile([self.chance, 1 - self.chance], (len(inputs), 1))

    def sure(self, chances: np.ndarray) -> np.ndarray:
        return chances.max(axis=1) >= self.card.limit

    def say(self, _row: np.ndarray) -> Said:
        parts = (("state", 0.41), ("tool", 0.2), ("pace", -0.03), ("scrap", 0.001))
        return Said(self.card.labels[0], self.chance, 0.3, parts)


def registered(tx: Connection, version: str = "1", stage: str = "champion") -> None:
    """A version in the registry."""
    row = {
        "name": NAME, "version": version, "capability": "classification", "path": "", "sha256": "",
        "feature_version": "", "stage": stage, "card": "{}", "registered_wall_us": 1,
        "check_asked_wall_us": None,
    }  # fmt: skip
    tx.execute(insert(t.model_versions).values(**row))
