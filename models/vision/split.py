"""Which pictures train and which judge: stratified parts, with near-duplicates always on one side."""

import numpy as np
import numpy.typing as npt

from models.vision.pictures import Pixels

Places = npt.NDArray[np.int64]
GRID = 16
ALIKE = 0.97  # correlation of two pictures, seen from afar, from which on they show the same place


def alike(pixels: Pixels) -> Places:
    """A group number per picture (N,): pictures that show nearly the same place share one.

    Pictures (N, C, H, W) are averaged to 16 x 16 cells and compared by correlation; chains count as one
    group. Pictures of an even surface correlate too: that only keeps more of them on one side.
    """
    count, _, height, width = pixels.shape
    grey = pixels.mean(axis=1)[:, : height // GRID * GRID, : width // GRID * GRID]
    cells = grey.reshape(count, GRID, height // GRID, GRID, width // GRID).mean(axis=(2, 4))
    flat = cells.reshape(count, -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
    group = np.arange(count)
    for one, other in np.argwhere(np.triu(flat @ flat.T > ALIKE, 1)):
        low, high = sorted((int(group[one]), int(group[other])))
        group[group == high] = low
    return group.astype(np.int64)


def parts(labels: npt.NDArray[np.str_], group: Places, count: int, seed: int) -> Places:
    """The part 0 to `count` - 1 of each picture (N,): groups whole, labels spread evenly, drawn by seed."""
    draw = np.random.default_rng(seed)
    names = np.unique(labels)
    held = np.zeros((count, len(names)), dtype=np.int64)
    part = np.zeros(len(labels), dtype=np.int64)
    groups = draw.permutation(np.unique(group))
    sizes = {int(one): int((group == one).sum()) for one in groups}
    for one in sorted(map(int, groups), key=lambda g: -sizes[g]):
        own = group == one
        counts = np.array([(labels[own] == name).sum() for name in names])
        chosen = int(np.argmin((held * (counts > 0)).sum(axis=1) + 1e-6 * held.sum(axis=1)))
        part[own] = chosen
        held[chosen] += counts
    return part
