"""Drawing by arrays: noise, light from a height map, masks. All sizes are pixels of the large canvas."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Plane = npt.NDArray[np.float32]
Colour = tuple[float, float, float]
SIZE = 300  # drawn larger than it is published
OUT = 200


def _plane(image: Image.Image, most: float = 1.0) -> Plane:
    found: Plane = np.asarray(image, np.float32) / np.float32(most)
    return found


def noise(draw: np.random.Generator, cells_x: int, cells_y: int) -> Plane:
    """Smooth noise, mean 0 and about -1 to 1, with so many cells across and down."""
    grid = draw.normal(0, 0.5, (cells_y, cells_x)).astype(np.float32)
    return _plane(Image.fromarray(grid).resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def soft(mask: Plane, radius: float) -> Plane:
    """A plane of 0 to 1, blurred."""
    image = Image.fromarray((np.clip(mask, 0, 1) * 255).astype(np.uint8))
    return _plane(image.filter(ImageFilter.GaussianBlur(radius)), 255)


class Masks:
    """Shapes about a centre, turned by an angle; each call gives a plane of 0 to 1."""

    def __init__(self, centre: tuple[float, float], angle: float, scale: float) -> None:
        self._centre = np.array(centre)
        cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
        self._turn = np.array([[cos, -sin], [sin, cos]])
        self.scale = scale

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Canvas place of a point of the part."""
        found = self._turn @ np.array([x, y]) + self._centre
        return float(found[0]), float(found[1])

    def polygon(self, points: Sequence[tuple[float, float]]) -> Plane:
        """A filled polygon."""
        return _drawn(lambda pen: pen.polygon([self.at(*point) for point in points], fill=255))

    def box(self, x: float, y: float, width: float, height: float) -> Plane:
        """A filled box about (x, y)."""
        w, h = width / 2, height / 2
        return self.polygon([(x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h)])

    def disc(self, x: float, y: float, radius: float) -> Plane:
        """A filled disc."""
        (cx, cy), r = self.at(x, y), radius * self.scale
        return _drawn(lambda pen: pen.ellipse((cx - r, cy - r, cx + r, cy + r), fill=255))

    def line(self, points: Sequence[tuple[float, float]], width: int) -> Plane:
        """A line through points."""
        return _drawn(
            lambda pen: pen.line([self.at(*point) for point in points], fill=255, width=width, joint="curve")
        )


def _drawn(how: Callable[[ImageDraw.ImageDraw], None]) -> Plane:
    image = Image.new("L", (SIZE, SIZE))
    how(ImageDraw.Draw(image))
    return _plane(image, 255)


def lit(height: Plane, light: tuple[float, float, float], shine: float) -> tuple[Plane, Plane]:
    """Diffuse share (about 0 to 1.2) and highlight of a surface under one lamp (Blinn and Phong)."""
    dy, dx = np.gradient(height)
    length = np.sqrt(dx**2 + dy**2 + 1)
    lamp = np.array(light) / np.linalg.norm(light)
    half = lamp + np.array([0, 0, 1])
    half /= np.linalg.norm(half)
    diffuse = (-dx * lamp[0] - dy * lamp[1] + lamp[2]) / length
    spark = np.clip((-dx * half[0] - dy * half[1] + half[2]) / length, 0, 1) ** 40 * shine
    return np.clip(diffuse, 0, 1.5).astype(np.float32), spark.astype(np.float32)


def blend(picture: Plane, mask: Plane, colour: Colour | Plane) -> Plane:
    """`colour` laid over (H, W, 3) where the mask is 1."""
    share = mask[..., None]
    return np.asarray(picture * (1 - share) + np.asarray(colour, np.float32) * share, np.float32)


def published(picture: Plane, draw: np.random.Generator, grain: float) -> npt.NDArray[np.uint8]:
    """(SIZE, SIZE, 3) of 0 to 1 as the camera gives it: (OUT, OUT, 3) of 0 to 255, with noise."""
    values = np.clip(picture * 255, 0, 255).astype(np.uint8)
    small = Image.fromarray(values).resize((OUT, OUT), Image.Resampling.BOX)
    found = np.asarray(small, np.float32) + draw.normal(0, grain, (OUT, OUT, 3)).astype(np.float32)
    return np.clip(found, 0, 255).astype(np.uint8)
