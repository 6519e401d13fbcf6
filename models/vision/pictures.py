"""Reads pictures, and refuses what no honest answer can be given for.

A picture is bounded before a pixel of it is decoded: bytes, format, frames, size, mode. Nothing is
resized or converted in silence: a picture of another size or mode was taken by another camera.
"""

import hashlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from domain.errors import InvalidInput

Pixels = npt.NDArray[np.uint8]
MOST_BYTES = 2_000_000
MOST_PIXELS = 4_000_000
FORMATS = ("JPEG", "PNG", "BMP")
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
FLAT = 1.0  # standard deviation of the values below which there is nothing to see
TINT = 12.0  # mean difference of colours above which a picture is not grey


@dataclass(frozen=True, slots=True)
class Camera:
    """What a model's pictures are like: height and width in pixels, and 1 (grey) or 3 (colour) channels."""

    size: int
    channels: int

    def __str__(self) -> str:
        return f"{self.size} x {self.size} pixels, {'grey' if self.channels == 1 else 'colour'}"


def digest(data: bytes) -> str:
    """SHA-256 of a picture's file, hexadecimal: its name wherever it is kept."""
    return hashlib.sha256(data).hexdigest()


def decode(data: bytes, camera: Camera) -> Pixels:
    """The values (C, H, W) of a picture. InvalidInput says in one line why it is refused."""
    with _opened(data) as image:
        _check(image, camera)
        image.load()
        return _values(image, camera)


def bounded(data: bytes) -> None:
    """InvalidInput unless the header tells of a picture that is safe to decode; no pixel is."""
    with _opened(data) as image:
        if image.width * image.height > MOST_PIXELS:
            raise InvalidInput(f"{image.width} x {image.height} pixels; {MOST_PIXELS} is the most")
        _still(image)


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    if not 0 < len(data) <= MOST_BYTES:
        raise InvalidInput(f"a picture has 1 to {MOST_BYTES} bytes, this has {len(data)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                yield image
    except InvalidInput:
        raise
    except Exception as error:  # a damaged file makes the decoder raise whatever it likes
        raise InvalidInput(f"no readable {', '.join(FORMATS)} picture") from error


def _check(image: Image.Image, camera: Camera) -> None:
    if image.size != (camera.size, camera.size):
        raise InvalidInput(f"{image.width} x {image.height} pixels; the model knows {camera}")
    _still(image)
    if image.mode not in ("L", "RGB"):
        raise InvalidInput(f"mode {image.mode}; grey or RGB with 8 bits is read")
    if image.mode == "L" and camera.channels == 3:
        raise InvalidInput(f"a grey picture; the model knows {camera}")


def _still(image: Image.Image) -> None:
    if getattr(image, "n_frames", 1) != 1:
        raise InvalidInput("a moving picture")


def _values(image: Image.Image, camera: Camera) -> Pixels:
    values = np.asarray(image, dtype=np.uint8)
    if camera.channels == 1 and values.ndim == 3:
        if _tint(values) > TINT:
            raise InvalidInput(f"a coloured picture; the model knows {camera}")
        values = np.asarray(image.convert("L"), dtype=np.uint8)
    if float(values.std()) < FLAT:
        raise InvalidInput("an even picture: nothing is to be seen on it")
    planes = values[None] if values.ndim == 2 else values.transpose(2, 0, 1)
    return np.ascontiguousarray(planes)


def _tint(values: Pixels) -> float:
    wide = values.astype(np.int16)
    return float((wide.max(axis=2) - wide.min(axis=2)).mean())


def read(path: Path, camera: Camera) -> Pixels:
    """The values (C, H, W) of a file; InvalidInput names it when it is refused."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InvalidInput(f"a picture has at most {MOST_BYTES} bytes")
        return decode(path.read_bytes(), camera)
    except (InvalidInput, OSError) as error:
        raise InvalidInput(f"{path}: {error}") from error
