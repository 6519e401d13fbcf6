"""Why a picture got its label: SHAP values of regions, and the exact class map of the network beside."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.explainer import Attribution, Explainer, Groups
from models.vision import pictures
from models.vision.kinds import gallery
from models.vision.overlay import overlay
from models.vision.pictures import Pixels
from models.vision.session import Inspector

GRID, ROUNDS, PRECISION, BLUR, NAMED = 5, 4, 0.02, 12, 3
ACROSS = ("far left", "left", "middle", "right", "far right")
DOWN = ("top", "upper", "centre", "lower", "bottom")


def explain(model: Path, data: DataSpec, case: str, out: Path | None = None) -> dict[str, Any]:
    """Contributions of 25 regions to the probability of the label, largest first; `out` gets a PNG.

    A region taken away shows the picture's own blur instead: the base value is the answer for the whole
    picture blurred. `class_map` are the network's own shares of the logit (class activation mapping),
    which add up to it exactly. SettingsError when the case is not there.
    """
    inspector = Inspector(model)
    found = gallery(inspector.kind, data)
    if case not in found.ids:
        raise SettingsError(f"--case {case!r}: no such picture; the first is {found.ids[0]}")
    pixels = pictures.read(found.paths[found.ids.index(case)], inspector.camera)
    seen = inspector.see(pixels[None])
    place = int(seen.probability[0].argmax())
    shares = regions(inspector, pixels, place)
    own = seen.maps[0, place]
    label, unknown = inspector.card.labels[place], bool(inspector.unknown(seen)[0])
    parts = _parts(shares)
    if out is not None:
        out.write_bytes(overlay(pixels, shares.values.reshape(GRID, GRID)))
    return {
        "case": case,
        "model": f"{inspector.card.name} {inspector.card.version}",
        "label": label,
        "unknown": unknown,
        "strangeness": float(seen.strangeness[0]),
        "probability": shares.output_value,
        "base_value": shares.base_value,
        "additivity_error": shares.additivity_error,
        "background": "the picture itself, blurred",
        "method": f"SHAP, {shares.method}, over {GRID} x {GRID} regions, on the probability of {label}",
        "class_map": [[round(float(value), 4) for value in row] for row in own],
        "class_map_additivity_error": float(seen.additivity_error[0]),
        "text": words(label, shares, parts, unknown=unknown),
        "contributions": parts,
        "picture": "" if out is None else str(out),
    }


def regions(inspector: Inspector, pixels: Pixels, place: int) -> Attribution:
    """SHAP values of the regions of a picture (C, H, W) for the label at `place`, row by row."""
    channels, height, width = pixels.shape
    flat = pixels.transpose(1, 2, 0).reshape(height, width * channels).astype(np.float32)
    groups = _groups(height, width, channels)

    def probability(windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        values = windows.reshape(-1, height, width, channels).transpose(0, 3, 1, 2)
        return inspector.see(values.astype(np.uint8)).probability[:, place]

    blurred = _blurred(pixels).transpose(1, 2, 0).reshape(1, height, width * channels).astype(np.float32)
    return Explainer(probability, groups, blurred, rounds=ROUNDS, precision=PRECISION).explain(flat)


def _groups(height: int, width: int, channels: int) -> Groups:
    rows = np.arange(height) * GRID // height
    columns = np.repeat(np.arange(width) * GRID // width, channels)
    names = tuple((f"{DOWN[y]}, {ACROSS[x]}", 0) for y in range(GRID) for x in range(GRID))
    return Groups(names, rows[:, None] * GRID + columns[None, :], ((0, height),))


def _blurred(pixels: Pixels) -> Pixels:
    planes = [Image.fromarray(plane).filter(ImageFilter.GaussianBlur(BLUR)) for plane in pixels]
    return np.stack([np.asarray(plane, np.uint8) for plane in planes])


def _parts(shares: Attribution) -> list[dict[str, Any]]:
    rows = []
    for place in np.argsort(-np.abs(shares.values), kind="stable").tolist():
        name = f"{DOWN[place // GRID]}, {ACROSS[place % GRID]}"
        rows.append(
            {
                "region": name,
                "row": place // GRID,
                "column": place % GRID,
                "value": float(shares.values[place]),
            }
        )
    return rows


def words(label: str, shares: Attribution, parts: list[dict[str, Any]], *, unknown: bool) -> str:
    """A sentence that a shift lead reads; it says what contributed, never what caused."""
    said = "; ".join(
        f"{part['region']} contributed {100 * part['value']:+.0f} points"
        for part in parts[:NAMED]
        if abs(part["value"]) >= 0.01
    )
    first = "This is of no kind that the model knows; what follows says little. " if unknown else ""
    chance = f"The probability of {label!r} is {100 * shares.output_value:.0f} %, blurred it is "
    return (
        first
        + chance
        + f"{100 * shares.base_value:.0f} %. "
        + (f"{said}." if said else "No region stands out.")
    )
