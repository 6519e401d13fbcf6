"""What a training run is given: samples, how to scale them, and the words for the card."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.failure import cmapss, conditions, known, recipes
from models.failure.card import DataNote, KnownNote, WindowNote
from models.failure.recipes import Recipe
from models.failure.samples import Floats, Layout, Samples, one_per_run
from models.features import cmapss as engine_features


@dataclass(frozen=True, slots=True)
class Words:
    """The parts of the card that no figure decides."""

    name: str
    intended_use: str
    limits: tuple[str, ...]
    licence: str
    command: str
    threshold_rule: str
    background: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One model to train. `mean`, `scale` are (G, V), one row for each group (or one in all).

    `scaling` finds both in samples, so that a member is scaled by what it learns from; without it all members
    share those given.

    `centres` (G, S): the groups are operating conditions, told by the first S values of each step.
    """

    recipe: Recipe
    samples: Samples
    layout: Layout
    mean: Floats
    scale: Floats
    horizon: float
    horizon_s: int
    horizons: tuple[float, ...]
    life_unit: str
    feature_version: str
    window: WindowNote
    data: DataNote
    words: Words
    background: dict[str, Floats]
    centres: Floats | None = None
    known: KnownNote | None = None
    scaling: Callable[[Samples], tuple[Floats, Floats]] | None = None

    def scaled_by(self, samples: Samples) -> "Problem":
        """The problem with mean and spread from these samples alone."""
        if self.scaling is None:
            return self
        mean, scale = self.scaling(samples)
        return replace(self, mean=mean, scale=scale)

    @property
    def edges(self) -> npt.NDArray[np.float32]:
        """Edges of the life bins, (bins + 1,)."""
        return np.linspace(0, self.recipe.limit, self.recipe.bins + 1, dtype=np.float32)


def _words(subset: str, count: int) -> Words:
    flown = "one operating condition" if count == 1 else f"{count} operating conditions"
    name = f"cmapss_{subset.lower()}"
    return Words(
        name=name,
        intended_use="Remaining cycles of C-MAPSS turbofan engines, and failure within 30 cycles.",
        limits=(
            "Lives are cut at 125 cycles: 125 reads 'at least 125'.",
            f"Trained on {flown} and the failure modes of {subset}; the engines are simulated.",
            known.FEW,
            "The interval holds for new engines of this fleet, not for each stage of wear on its own.",
        ),
        licence="CC0 (data), Apache-2.0 (model)",
        command=f"python -m runtime train failure --data cmapss:DIR:{subset} --out models/artifacts/{name}",
        threshold_rule="0.5: more likely than not to fail within the horizon",
        background="64 windows of training engines with more than 125 cycles left, history full",
    )


def engine_samples(runs: list[cmapss.Engine], names: tuple[str, ...], steps: int) -> Samples:
    """A sample for every cycle of engines that ran to failure."""
    picked = cmapss.columns(names)
    windows = [engine_features.build_all(run.readings[:, picked], steps, run.first) for run in runs]
    life = np.concatenate([np.arange(len(w) - 1, -1, -1, dtype=np.float32) for w in windows])
    unit = np.repeat(np.array([run.unit for run in runs], dtype=np.int64), [len(w) for w in windows])
    return Samples(
        np.concatenate(windows),
        life,
        np.ones(len(life), dtype=np.bool_),
        (life <= recipes.CMAPSS_HORIZON).astype(np.float32),
        unit,
        unit,
        np.ones(len(life), dtype=np.float32),
    )


def cmapss_problem(data: DataSpec, recipe: Recipe | None = None) -> Problem:
    """Training on a C-MAPSS subset (FD001 unless named)."""
    runs = cmapss.engines(data, "train")
    centres = cmapss.centres(runs)
    many = len(centres) > 1
    recipe = recipe or recipes.CMAPSS
    sensors = cmapss.varying(runs)
    if not sensors:
        raise SettingsError(f"{data}: no sensor varies")
    names = (*cmapss.SETTINGS, *sensors) if many else sensors
    samples = engine_samples(runs, names, recipe.steps)
    values = len(names) + 1
    settings = len(cmapss.SETTINGS) if many else 0

    def scaling(part: Samples) -> tuple[Floats, Floats]:
        return _scaling(part.windows[:, -1, :values], settings, centres)

    mean, scale = scaling(samples)
    subset = data.subset or "FD001"
    healthy = (samples.life > recipe.limit) & (samples.windows[:, 0, -1] > 0)
    chosen = samples.take(healthy)
    return Problem(
        recipe=recipe,
        samples=samples,
        layout=Layout(values, 1, 0, (0,) * values, settings),
        mean=mean,
        scale=scale,
        horizon=recipes.CMAPSS_HORIZON,
        horizon_s=0,
        horizons=recipes.CMAPSS_HORIZONS,
        life_unit="cycles",
        feature_version=engine_features.FEATURE_VERSION,
        window=WindowNote(
            steps=recipe.steps,
            step_s=0,
            channels=(*names, "cycles_flown", "history"),
            statistics=(*("cycle",) * len(names), "value", "mask"),
            values=values,
            masks=1,
            conditions=tuple(tuple(row) for row in centres.tolist()) if many else (),
        ),
        data=DataNote(
            kind="cmapss",
            source="NASA C-MAPSS turbofan degradation simulation",
            subset=subset,
            licence="CC0",
            runs=len(runs),
            windows=len(samples),
            failures=len(runs),
            split=f"{recipe.folds} folds by engine; each member is trained on all folds but one",
        ),
        words=_words(subset, len(centres)),
        background={"engine": chosen.windows[spread(chosen, 64)]},
        centres=centres.astype(np.float32) if many else None,
        known=known.note(runs, sensors),
        scaling=scaling,
    )


def _scaling(last: Floats, settings: int, centres: npt.NDArray[np.float64]) -> tuple[Floats, Floats]:
    """Mean and spread of the values of all cycles (N, V) by condition, (K, V) each; settings say nothing."""
    if not settings:
        return last.mean(0, keepdims=True), last.std(0, keepdims=True)
    place = conditions.places(last[:, :settings].astype(np.float64), centres)
    mean, scale = conditions.scaling(last.astype(np.float64), place, len(centres))
    scale[:, :settings] = np.inf
    # The cycles flown are no reading of a condition: one scale for all.
    mean[:, -1], scale[:, -1] = last[:, -1].mean(), last[:, -1].std()
    return mean.astype(np.float32), scale.astype(np.float32)


def spread(samples: Samples, count: int) -> npt.NDArray[np.int64]:
    """Positions of up to `count` windows, from as many runs as possible."""
    return one_per_run(samples.run, 0)[:count]
