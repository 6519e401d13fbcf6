"""Writes pictures of the virtual plant's parts into a folder, by label: what a vision model learns from."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from simulator.pictures.parts import PARTS
from simulator.pictures.render import LABELS, STUDIOS, render


def write(
    folder: Path, each: int, seed: int, variant: str, progress: Callable[[float], None]
) -> dict[str, int]:
    """`each` pictures of every label as `LABEL/NUMBER.jpg`, parts in turn; returns how many there are.

    The same seed gives the same files. `where.json` holds, for each defect that has a place, its box
    (left, top, right, bottom) in pixels.
    """
    boxes: dict[str, list[int]] = {}
    total = each * len(LABELS)
    for place, label in enumerate(LABELS):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            own = np.random.SeedSequence([seed, place, number]).generate_state(1)[0]
            picture = render(PARTS[number % len(PARTS)], label, int(own), STUDIOS[variant])
            name = f"{label}/{number:05d}.jpg"
            (folder / name).write_bytes(picture.jpeg())
            rows, columns = np.nonzero(picture.where > 0.3)
            if len(rows):
                boxes[name] = [int(f(v)) for f in (np.min, np.max) for v in (columns, rows)]
            progress((place * each + number + 1) / total)
    (folder / "where.json").write_text(json.dumps(boxes) + "\n", encoding="utf-8")
    return {"pictures": total, "labels": len(LABELS), "with a place": len(boxes)}
