"""Operating conditions of a fleet: where the settings of its training cycles gather.

C-MAPSS flies at a few combinations of altitude, speed and throttle, each with a little scatter. What a
sensor usually says depends on the combination far more than on wear, so it is scaled by condition.
"""

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError

Floats = npt.NDArray[np.float64]
GRID = np.array([2.0, 0.05, 10.0])
"""Steps of altitude (1,000 ft), Mach number and throttle angle: far above the scatter, below the gaps."""
FEWEST = 20  # cycles that make a condition
FAR = 0.5  # of a step of the grid


def found(settings: Floats) -> Floats:
    """The centres (K, 3) of the conditions in the settings (N, 3) of training cycles, in order.

    Cells of the grid are taken by size; one less than a step away from a condition belongs to it.
    """
    _, of, counts = np.unique(np.round(settings / GRID), axis=0, return_inverse=True, return_counts=True)
    of, centres = of.reshape(-1), np.zeros((0, 3))
    for cell in np.argsort(-counts, kind="stable").tolist():
        centre = settings[of == cell].mean(axis=0)
        near = (np.abs(centres - centre) < GRID).all(axis=1).any()
        if counts[cell] >= FEWEST and not near:
            centres = np.vstack((centres, centre))
    if not len(centres):
        raise SettingsError("the settings gather nowhere: no operating condition could be found")
    return np.asarray(centres[np.lexsort(centres.T[::-1])])


def places(settings: Floats, centres: Floats) -> npt.NDArray[np.int64]:
    """The nearest condition of each cycle (N,); SettingsError for settings that training did not see."""
    apart = np.abs(settings[:, None] - centres[None]) / GRID
    nearest = np.asarray((apart**2).sum(axis=2).argmin(axis=1), dtype=np.int64)
    odd = np.flatnonzero(apart[np.arange(len(settings)), nearest].max(axis=1) > FAR)
    if len(odd):
        words = ", ".join(f"{value:g}" for value in settings[odd[0]])
        raise SettingsError(f"operating condition ({words}) was not seen in training")
    return nearest


def scaling(values: Floats, place: npt.NDArray[np.int64], count: int) -> tuple[Floats, Floats]:
    """Mean and deviation of each value (N, V) by condition, (K, V) each.

    A value that takes no more than two levels in a condition says nothing there: its deviation is
    infinite, so that it scales to zero.
    """
    mean, scale = np.zeros((count, values.shape[1])), np.full((count, values.shape[1]), np.inf)
    for k in range(count):
        own = values[place == k]
        mean[k] = own.mean(axis=0)
        for column in range(values.shape[1]):
            if len(np.unique(own[:, column])) > 2:
                scale[k, column] = own[:, column].std()
    return mean, scale
