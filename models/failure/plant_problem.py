"""The plant's failure model as a problem to train on."""

import os
from dataclasses import replace

import numpy as np

from models.dataspec import DataSpec
from models.failure import fleet, plant, recipes
from models.failure.card import DataNote, WindowNote
from models.failure.problem import Problem, Words, spread
from models.failure.recipes import Recipe
from models.failure.samples import Floats, Layout, Samples
from models.features import plant as features

BACKGROUND = 32
WORDS = Words(
    name="plant_failure",
    intended_use="Risk of a functional failure within 24 h, and remaining operating hours, of CNCs, "
    "presses, robots, ovens and packers; for planning maintenance, not for stopping machines.",
    limits=(
        "Trained on the virtual plant only; a real plant needs its own training first.",
        "Failures without a precursor (electrical, breakage, bad new parts) are not foreseen.",
        "Not known in the first 16 h after a stop, and where less than half of the window was seen.",
        "Lives are cut at 168 operating hours: 168 reads 'at least 168'.",
        "On a plant with other parameters recall is lower: see the test figures.",
    ),
    licence="Apache-2.0",
    command="python -m runtime train failure --data plant:build/plants --out models/artifacts/plant_failure",
    threshold_rule="the lowest threshold with at most 0.5 false cases per machine and month on plants that "
    "no member was trained on",
    background=f"{BACKGROUND} healthy windows per machine type: no failure within 168 operating hours",
)


LAYOUT = Layout(features.VALUES, len(features.GAUGES) + 1, len(features.TYPES), features.MASK_OF)
SPLIT = (
    "each member is trained on all plants (seeds, machines) but one, judged on that one; "
    "test plants are other seeds whose time begins days after the training data end"
)


def plant_problem(data: DataSpec, recipe: Recipe = recipes.PLANT) -> Problem:
    """Training on the plants `train-*` in the folder."""
    paths = plant.plants(data.folder, ("train",))
    if os.environ.get(fleet.ADDRESS):
        fleet.bin_all(paths, os.environ[fleet.ADDRESS])
    samples = plant.gather(paths, recipe.stride)
    healthy = samples.take(samples.life > recipe.limit)
    simulated = any(plant.simulated(path) for path in paths)
    source = f"{'virtual ' if simulated else ''}plants " + ", ".join(path.name for path in paths)
    note = note_of(samples, source, SPLIT, simulated=simulated)
    problem = problem_of(recipe, samples, _scaling(healthy, LAYOUT), note, background(healthy))
    return replace(problem, scaling=lambda part: _scaling(part.take(part.life > recipe.limit), LAYOUT))


def note_of(samples: Samples, source: str, split: str, *, simulated: bool) -> DataNote:
    """What the card says of the data."""
    return DataNote(
        kind="plant",
        source=source,
        simulated=simulated,
        licence="Apache-2.0",
        runs=len(np.unique(samples.run)),
        windows=len(samples),
        failures=len(np.unique(samples.run[samples.observed])),
        split=split,
    )


def problem_of(
    recipe: Recipe,
    samples: Samples,
    scaling: tuple[Floats, Floats],
    note: DataNote,
    healthy: dict[str, Floats],
    words: Words = WORDS,
) -> Problem:
    """The plant's problem for these samples, scaling (G, V) and background windows by machine type.

    A type of which there is no healthy window was not learned: the model does not speak of it.
    """
    return Problem(
        recipe=recipe,
        samples=samples,
        layout=LAYOUT,
        mean=scaling[0],
        scale=scaling[1],
        horizon=recipes.PLANT_HORIZON_H,
        horizon_s=int(recipes.PLANT_HORIZON_H * 3_600),
        horizons=recipes.PLANT_HORIZONS,
        life_unit="operating hours",
        feature_version=features.FEATURE_VERSION,
        window=WindowNote(
            steps=features.STEPS,
            step_s=features.BIN_US // 1_000_000,
            channels=features.CHANNELS,
            statistics=features.STATISTICS,
            values=LAYOUT.values,
            masks=LAYOUT.masks,
            groups=tuple(name for name in features.TYPES if name in healthy),
        ),
        data=note,
        words=words,
        background=healthy,
    )


def _group_columns(samples: Samples) -> Floats:
    return samples.windows[:, -1, -len(features.TYPES) :]


def _scaling(healthy: Samples, layout: Layout) -> tuple[Floats, Floats]:
    """Mean and deviation of each value where it was seen, by machine type, (G, V)."""
    groups, values = len(features.TYPES), layout.values
    mean, scale = np.zeros((groups, values), np.float32), np.ones((groups, values), np.float32)
    of_type = _group_columns(healthy) > 0
    last = healthy.windows[:, -1]
    for group in range(groups):
        rows = last[of_type[:, group]].astype(np.float64)
        for value in range(values):
            seen = rows[rows[:, values + layout.mask_of[value]] > 0, value]
            if len(seen) > 1:
                mean[group, value] = seen.mean()
                scale[group, value] = max(float(seen.std()), 1e-3 * abs(float(seen.mean())), 1e-6)
    return mean, scale


def background(healthy: Samples) -> dict[str, Floats]:
    """Healthy windows of each machine type, from as many runs as possible."""
    found = {}
    full = healthy.windows[:, -1, features.VALUES - 1] > 0.3
    of_type = _group_columns(healthy) > 0
    for group, name in enumerate(features.TYPES):
        chosen = healthy.take(of_type[:, group] & full)
        if len(chosen):
            found[name] = chosen.windows[spread(chosen, BACKGROUND)]
    return found
