"""A model of scrap with a known link: the best blank holder force is 440 kN, the ram's speed does nothing."""

from pathlib import Path

import numpy as np

from models.dataspec import DataSpec
from models.quality.adviser import Adviser
from models.quality.cases import Operation, write
from tests.models.training import train
from tests.services.process.kit import FORCE, LINE, SPEED

BEST = 440.0


def share(force: float) -> float:
    """The true share of bad parts."""
    return 0.01 + 0.03 * ((force - BEST) / 30) ** 2


def operations(*, simulated: bool = True) -> list[Operation]:
    """Three hundred of three presses, people turning the force around 420 kN."""
    rng = np.random.default_rng(11)
    found = []
    for k in range(300):
        force, speed = float(rng.uniform(390, 450)), float(rng.uniform(255, 305))
        bad = float(rng.binomial(2_000, share(force)))
        unit = f"{LINE}/press-{21 + k % 3}"
        settings = {FORCE: force, SPEED: speed}
        found.append(Operation(f"o-{k}", unit, "P-201", k // 3, settings, 2_000 - bad, bad, simulated))
    return found


def taught(folder: Path, *, simulated: bool = True) -> Adviser:
    """The model of them."""
    write(folder / "data", operations(simulated=simulated))
    train("quality", str(DataSpec("plant", folder / "data")), folder / "model", "onnx", "sklearn")
    return Adviser(folder / "model")
