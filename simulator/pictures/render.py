"""Renders one part as a camera above the belt sees it. The same seed gives the same bytes."""

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from simulator.pictures import defects
from simulator.pictures.canvas import OUT, SIZE, lit, noise, published, soft
from simulator.pictures.parts import PARTS, lay

GOOD, CRACK, DENT, COLOUR, SURFACE, ASSEMBLY, FOREIGN = (
    "good",
    "crack",
    "dent",
    "colour",
    "surface",
    "assembly",
    "foreign",
)
LABELS = (GOOD, CRACK, DENT, COLOUR, SURFACE, ASSEMBLY)
_DRAWN = {
    CRACK: defects.crack,
    DENT: defects.dent,
    COLOUR: defects.colour,
    SURFACE: defects.surface,
    FOREIGN: defects.foreign,
}
QUALITY = 92


@dataclass(frozen=True, slots=True)
class Studio:
    """Lamp and camera: brightness from and to, how far the lamp wanders, and the camera's noise."""

    dark: float = 0.85
    bright: float = 1.15
    wander: float = 0.35
    grain: float = 3.0


STUDIOS = {"plant": Studio(), "other": Studio(dark=0.7, bright=1.25, wander=0.7, grain=6.0)}


@dataclass(frozen=True, slots=True)
class Picture:
    """(OUT, OUT, 3) of 0 to 255; what the part is; its label; where the defect is, (OUT, OUT) of 0 to 1."""

    values: npt.NDArray[np.uint8]
    part: str
    label: str
    where: npt.NDArray[np.float32]

    def jpeg(self) -> bytes:
        """The file that a camera would send."""
        out = io.BytesIO()
        Image.fromarray(self.values).save(out, "JPEG", quality=QUALITY)
        return out.getvalue()


def render(part: str, label: str, seed: int, studio: Studio = STUDIOS["plant"]) -> Picture:
    """One picture. ValueError for a part or a label that is not drawn."""
    if part not in PARTS or label not in (*LABELS, FOREIGN):
        raise ValueError(f"{part!r} with {label!r} is not drawn")
    draw = np.random.default_rng(seed)
    scene = lay(part, draw, incomplete=label == ASSEMBLY)
    where = scene.missing
    if label in _DRAWN:
        where = _DRAWN[label](scene, draw)
    turn = np.pi * 1.25 + draw.normal(0, studio.wander)
    light = (np.cos(turn) * 0.8, np.sin(turn) * 0.8, 1.0)
    diffuse, spark = lit(soft_height(scene.height), light, scene.shine)
    power = draw.uniform(studio.dark, studio.bright)
    shade = 1 - 0.45 * soft(np.roll(scene.outline, (6, 6), (0, 1)), 7) * (1 - scene.outline)
    fall = 1 + 0.08 * noise(draw, 3, 3)
    seen = scene.colour * (0.35 + 0.85 * diffuse * power)[..., None] * (shade * fall)[..., None]
    seen = seen + (spark * scene.outline)[..., None] * power * 0.35
    small = Image.fromarray(where.astype(np.float32)).resize((OUT, OUT), Image.Resampling.BOX)
    return Picture(published(seen, draw, studio.grain), part, label, np.asarray(small, np.float32))


def soft_height(height: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A height map without the stairs of its 8-bit masks: a mean over 3 x 3."""
    padded = np.pad(height, 1, mode="edge")
    rows = [padded[y : y + SIZE, x : x + SIZE] for y in range(3) for x in range(3)]
    return np.asarray(np.mean(rows, axis=0), np.float32)
