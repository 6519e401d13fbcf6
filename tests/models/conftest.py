from pathlib import Path

import numpy as np
import pytest

from models.failure.card import WindowNote
from tests.models.tiny import write_folder

STEPS, CHANNELS = 8, ("a", "b", "c")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    window = WindowNote(
        steps=STEPS, step_s=1800, channels=CHANNELS, statistics=("mean",) * 3, values=3, masks=0
    )
    rng = np.random.default_rng(5)
    background = {"cnc": rng.standard_normal((4, STEPS, 3)).astype(np.float32) * 0.3}
    return write_folder(tmp_path / "tiny", window, background)
