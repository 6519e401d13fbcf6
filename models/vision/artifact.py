"""The files of a vision model beside its ONNX: card, golden cases, background, what it was taught."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from domain.wording import percent
from models.card import BACKGROUND_FILE, GOLDEN_FILE, MODEL_FILE, file_hash, write_card
from models.session import open_session
from models.vision import session
from models.vision.card import SEEN_FILE, Card, LeftOut
from models.vision.kinds import Kind

GOLDEN, BACKGROUND = 6, 1  # pictures; background: of each label
KNOWN = 0.99  # share of known pictures, never seen, that stay within the limit of the known
SURE = 0.9


def write_cases(pixels: npt.NDArray[np.uint8], truth: npt.NDArray[np.str_], kind: Kind, out: Path) -> None:
    """Golden cases, background, and the fingerprints of what was taught."""
    chosen = np.linspace(0, len(pixels) - 1, GOLDEN).astype(int)
    answers = session.run(open_session(out / MODEL_FILE), pixels[chosen])
    np.savez_compressed(
        out / GOLDEN_FILE,
        picture=pixels[chosen],
        probability=answers.probability,
        strangeness=answers.strangeness,
    )
    usual = np.concatenate([np.flatnonzero(truth == label)[:BACKGROUND] for label in kind.labels])
    np.savez_compressed(out / BACKGROUND_FILE, background=pixels[usual])
    np.savez_compressed(out / SEEN_FILE, cases=session.fingerprints(pixels))


def write(
    kind: Kind,
    pictures: int,
    seeds: tuple[int, ...],
    validation: dict[str, float],
    left: tuple[LeftOut, ...],
    temperature: float,
    seconds: float,
    usual: dict[str, tuple[float, float]],
    out: Path,
) -> None:
    """Write the card of the model that lies in `out`."""
    now, digest = datetime.now(UTC), file_hash(out / MODEL_FILE)
    settings: dict[str, float | int | str] = {
        name: value if isinstance(value, int | float) else ", ".join(value)
        for name, value in asdict(kind.recipe).items()
    }
    card = Card(
        name=f"{kind.name}_vision",
        version=f"{now:%Y%m%d}-{digest[:8]}",
        created=now.isoformat(timespec="seconds"),
        intended_use=f"Says what is on a picture ({', '.join(kind.labels)}), where, or that it is unknown.",
        limits=kind.limits,
        licence=kind.licence,
        command=f"python -m runtime train vision --data {kind.name}:DIR --out MODEL",
        seeds=seeds,
        seconds=round(seconds, 1),
        settings=settings,
        feature_version=kind.version,
        threshold_rule=f"the likeliest label; unknown beyond what {percent(KNOWN, 0)} of unseen known "
        "pictures reach",
        validation=validation,
        test={},
        background=f"{BACKGROUND} training picture of each label",
        sha256=digest,
        kind=kind.name,
        source=kind.source,
        pictures=pictures,
        labels=kind.labels,
        good=kind.good,
        size=kind.camera.size,
        channels=1 if kind.camera.channels == 1 else 3,
        members=len(seeds),
        temperature=temperature,
        sure_from=SURE,
        unknown_above=1.0,
        left_out=left,
        usual=usual,
    )
    write_card(out, card)
