"""Was this picture taken as the training pictures were? Sharpness, light and colours, told by themselves.

A loose lens or a dead lamp makes every part look broken, and the network is sure of it: such a picture is
not judged. Measured per picture: sharpness (mean absolute Laplacian of the grey values against their
standard deviation), brightness (mean, 0 to 255) of the whole and of the upper and lower edge, where no part
lies, contrast (standard deviation), and for colour the share of red and of blue in all light.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from models.vision.pictures import Pixels

Floats = npt.NDArray[np.float64]
Range = tuple[float, float]
EDGE = 10  # pixels
OUTSIDE = 0.002  # share of training pictures left out at either end
MARGIN = 0.1  # of the range, added at either end
WORDS = {
    "sharpness": ("less sharp", "sharper or noisier"),
    "brightness": ("darker", "brighter"),
    "edges": ("darker", "brighter"),
    "contrast": ("duller", "harsher"),
    "red": ("less red", "redder"),
    "blue": ("less blue", "bluer"),
}


def measured(pixels: Pixels) -> dict[str, Floats]:
    """Of pictures (N, C, H, W): each measure (N,)."""
    values = pixels.astype(np.float32)
    grey = values.mean(axis=1)
    inner = grey[:, 1:-1, 1:-1]
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    spread, edges = grey.std(axis=(1, 2)), np.concatenate((grey[:, :EDGE], grey[:, -EDGE:]), axis=1)
    found = {
        "sharpness": np.abs(around - 4 * inner).mean(axis=(1, 2)) / np.maximum(spread, 1e-6),
        "brightness": grey.mean(axis=(1, 2)),
        "edges": edges.mean(axis=(1, 2)),
        "contrast": spread,
    }
    if values.shape[1] == 3:
        light = np.maximum(values.sum(axis=(1, 2, 3)), 1.0)
        found |= {"red": values[:, 0].sum(axis=(1, 2)) / light, "blue": values[:, 2].sum(axis=(1, 2)) / light}
    return {name: value.astype(np.float64) for name, value in found.items()}


def usual(pixels: Pixels) -> dict[str, Range]:
    """The range of each measure on training pictures (N, C, H, W)."""
    out = {}
    for name, values in measured(pixels).items():
        low, high = np.quantile(values, (OUTSIDE, 1 - OUTSIDE)).tolist()
        margin = MARGIN * (high - low)
        out[name] = (round(low - margin, 6), round(high + margin, 6))
    return out


def odd(pixels: Pixels, ranges: Mapping[str, Range]) -> list[str]:
    """How each picture (N, C, H, W) differs from those of the training, in words; empty when it does not."""
    said: list[dict[str, None]] = [{} for _ in pixels]
    for name, values in measured(pixels).items():
        low, high = ranges.get(name, (-np.inf, np.inf))
        for place in np.flatnonzero((values < low) | (values > high)):
            said[place][WORDS[name][int(values[place] > high)]] = None
    return [f"{' and '.join(words)} than the pictures it learned from" if words else "" for words in said]
