"""Which cases a model was trained on: nobody judges a model by its own lessons unawares."""

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError
from models.classification.card import SEEN_FILE
from models.classification.table import Floats


def digests(raw: Floats) -> npt.NDArray[np.uint64]:
    """A fingerprint of each case's readings, (N,)."""
    found = [
        hashlib.blake2b(np.ascontiguousarray(case, np.float32).tobytes(), digest_size=8).digest()
        for case in raw
    ]
    return np.frombuffer(b"".join(found), dtype=np.uint64)


def seen(folder: Path, raw: Floats) -> npt.NDArray[np.bool_]:
    """True for the cases that the model in `folder` was trained on, (N,)."""
    path = folder / SEEN_FILE
    if not path.is_file():
        raise SettingsError(f"no model in {folder}: {SEEN_FILE} is missing")
    with np.load(path, allow_pickle=False) as archive:
        return np.isin(digests(raw), archive["cases"])
