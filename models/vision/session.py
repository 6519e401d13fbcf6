"""Runs a vision model's ONNX file: classes, where they show, and whether the kind is known."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from domain.errors import InvalidInput, SettingsError, Tampered
from models.card import GOLDEN_FILE, MODEL_FILE
from models.session import open_session
from models.vision import conditions
from models.vision.card import SEEN_FILE, Card, read_card
from models.vision.kinds import KINDS, Kind
from models.vision.pictures import Camera, Pixels

TOLERANCE = 1e-3
BATCH = 16
UNKNOWN = "unknown"
NEAR = 1.1  # times the limit: one known picture in a hundred lies beyond it, most of them just beyond


@dataclass(frozen=True, slots=True)
class Seen:
    """N pictures: `probability`, `logit`, `base` (N, L), `maps` (N, L, h, w), `strangeness` (N,)."""

    probability: npt.NDArray[np.float64]
    logit: npt.NDArray[np.float64]
    base: npt.NDArray[np.float64]
    maps: npt.NDArray[np.float32]
    strangeness: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.probability)

    @property
    def additivity_error(self) -> npt.NDArray[np.float64]:
        """How far base plus the regions is from the logit, at most, (N,)."""
        total = self.base + self.maps.astype(np.float64).sum(axis=(2, 3))
        return np.asarray(np.abs(total - self.logit).max(axis=1))


class Inspector:
    """A checked model: its card, and what it sees on pictures (N, C, H, W)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card: Card = read_card(folder)
        self.kind: Kind = _kind(self.card)
        self.camera = Camera(self.card.size, self.card.channels)
        self._session = open_session(folder / MODEL_FILE)
        self._check_golden()

    def see(self, pixels: Pixels) -> Seen:
        """What is seen; InvalidInput when the pictures are not the camera's."""
        if pixels.shape[1:] != (self.camera.channels, self.camera.size, self.camera.size):
            raise InvalidInput(f"pictures of shape {pixels.shape[1:]}; the model knows {self.camera}")
        return run(self._session, pixels)

    def odd(self, pixels: Pixels) -> list[str]:
        """How pictures (N, C, H, W) differ from the training's in sharpness, light or colours; empty: not."""
        return conditions.odd(pixels, self.card.usual)

    def unknown(self, seen: Seen) -> npt.NDArray[np.bool_]:
        """Pictures of no known kind (N,)."""
        return np.asarray(~(seen.strangeness <= self.card.unknown_above))

    def stated(self, seen: Seen) -> npt.NDArray[np.float64]:
        """Probabilities (N, L) to state: beyond the limit they go towards "any label", by how far."""
        known = self.card.unknown_above / np.maximum(seen.strangeness, self.card.unknown_above)
        known = np.where(np.isfinite(seen.strangeness), known, 0.0)[:, None]
        return np.asarray(known * seen.probability + (1 - known) / len(self.card.labels))

    def said(self, seen: Seen) -> tuple[str, ...]:
        """The label of each picture, N: `UNKNOWN`, or the likeliest one.

        A picture hardly beyond the limit (`NEAR`) that is surely of one kind keeps that label.
        """
        near = seen.strangeness <= NEAR * self.card.unknown_above
        sure = seen.probability.max(axis=1) >= self.card.sure_from
        foreign = self.unknown(seen) & ~(near & sure)
        best = seen.probability.argmax(axis=1).tolist()
        return tuple(
            UNKNOWN if odd else self.card.labels[k] for odd, k in zip(foreign.tolist(), best, strict=True)
        )

    def _check_golden(self) -> None:
        path = self.folder / GOLDEN_FILE
        if not path.is_file():
            raise SettingsError(f"no model in {self.folder}: {GOLDEN_FILE} is missing")
        with np.load(path, allow_pickle=False) as golden:
            found = self.see(golden["picture"])
            for name in ("probability", "strangeness"):
                if not np.allclose(getattr(found, name), golden[name], atol=TOLERANCE):
                    raise Tampered(f"the model in {self.folder} does not answer its golden cases as recorded")


def _kind(card: Card) -> Kind:
    kind = KINDS.get(card.kind)
    if kind is None or kind.version != card.feature_version or kind.labels != card.labels:
        raise SettingsError(f"model {card.name} was made for {card.feature_version}: train it anew")
    return kind


def run(session: Any, pixels: Pixels) -> Seen:
    """All outputs for pictures (N, C, H, W), N at least 1, a batch at a time."""
    names = ["probability", "logit", "base", "maps", "strangeness"]
    parts = [
        session.run(names, {"picture": np.ascontiguousarray(pixels[at : at + BATCH], np.float32)})
        for at in range(0, len(pixels), BATCH)
    ]
    p, logit, base, maps, strange = (np.concatenate([part[k] for part in parts]) for k in range(5))
    return Seen(
        p.astype(np.float64),
        logit.astype(np.float64),
        base.astype(np.float64),
        maps,
        strange.astype(np.float64),
    )


def fingerprints(pixels: Pixels) -> npt.NDArray[np.uint64]:
    """A fingerprint of each picture's values, (N,)."""
    found = [hashlib.blake2b(np.ascontiguousarray(one).tobytes(), digest_size=8).digest() for one in pixels]
    return np.frombuffer(b"".join(found), dtype=np.uint64)


def taught(folder: Path, pixels: Pixels) -> npt.NDArray[np.bool_]:
    """True for pictures that the model in `folder` was trained or chosen on, (N,)."""
    path = folder / SEEN_FILE
    if not path.is_file():
        raise SettingsError(f"no model in {folder}: {SEEN_FILE} is missing")
    with np.load(path, allow_pickle=False) as archive:
        return np.isin(fingerprints(pixels), archive["cases"])
