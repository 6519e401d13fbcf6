"""Where on the picture: a map of regions laid over it, as PNG."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.vision.pictures import Pixels

HOT = (214, 96, 20)
STRONGEST = 0.72  # how much of the picture the strongest region hides


def heat(regions: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """What speaks for the label, 0 to 1 of the strongest region (h, w); what speaks against it is 0."""
    found = np.clip(np.asarray(regions, np.float32), 0, None)
    return np.asarray(found / max(float(found.max()), 1e-9), np.float32)


def overlay(pixels: Pixels, regions: npt.NDArray[np.floating]) -> bytes:
    """A PNG of the picture (C, H, W) with the regions (h, w) over it: the more, the stronger the colour."""
    values = pixels.transpose(1, 2, 0)
    picture = np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values
    height, width = picture.shape[:2]
    grown = Image.fromarray(heat(regions)).resize((width, height), Image.Resampling.BICUBIC)
    share = np.clip(np.asarray(grown, np.float32), 0, 1)[..., None] * STRONGEST
    mixed = picture * (1 - share) + np.array(HOT, np.float32) * share
    out = io.BytesIO()
    Image.fromarray(mixed.astype(np.uint8)).save(out, "PNG")
    return out.getvalue()
