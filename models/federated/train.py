"""Both sides of federated training: a plant that answers from its own data, and the one that asks.

Neither knows how notes travel (`node` and `server` carry them over Flower). Each plant keeps every fifth
machine out of training; what the network says of those calibrates it and sets its threshold, as sums.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from domain.errors import SettingsError
from models.failure import artifact, calibrate, horizons, plant, recipes
from models.failure.events import Track, months, tally
from models.failure.network import Calibrated, FailureNetwork, Scaling, Served
from models.failure.plant import Machine
from models.failure.plant_problem import LAYOUT, WORDS, background, note_of, problem_of
from models.failure.problem import Problem
from models.failure.samples import Floats, Samples
from models.failure.tracks import of_machines
from models.failure.train import export, one_pass, predict_members, shaped, tensors_of
from models.features import plant as features
from models.federated import shared
from models.federated.shared import Array, Ask, Note

HELD_OUT = 5
RECIPE = replace(recipes.PLANT, folds=1, epochs=8)  # an epoch is a round
_WORDS = replace(
    WORDS,
    command="python -m runtime federated train --plant NAME=DIR --plant NAME=DIR --out OUT",
    background="healthy windows of this plant; of a machine type that it lacks, the mean of all plants",
)
Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Share:
    """What one plant learns from, and what it judges by: every fifth machine."""

    learn: Samples
    held: Samples
    judged: tuple[Machine, ...]
    simulated: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What federated training found, without a window: state, calibration, threshold and figures."""

    state: dict[str, Array]
    calibrated: Calibrated
    threshold: float
    figures: dict[str, float] = field(default_factory=dict)


def share(folders: list[Path]) -> Share:
    """The machines of a plant (or of several, to train on all of them in one place)."""
    found = [machine for folder in folders for machine in plant.machines(folder)]
    if len(found) < HELD_OUT:
        raise SettingsError(f"a plant needs {HELD_OUT} machines at least, there are {len(found)}")
    parts = [plant.samples(one, number, 0, RECIPE.stride) for number, one in enumerate(found)]
    held = [number % HELD_OUT == HELD_OUT - 1 for number in range(len(found))]
    return Share(
        plant.joined([part for part, out in zip(parts, held, strict=True) if not out]),
        plant.joined([part for part, out in zip(parts, held, strict=True) if out]),
        tuple(one for one, out in zip(found, held, strict=True) if out),
        any(plant.simulated(folder) for folder in folders),
    )


class Plant:
    """Answers from its own share; `out` is where this plant's copy of the model is written."""

    def __init__(self, own: Share, name: str, out: Path) -> None:
        self._own, self._name, self._out = own, name, out

    def answer(self, note: Note) -> Note:
        """The answer to a question of `run`; SettingsError when it is none of them."""
        known = {"sums": self._sums, "pass": self._pass, "calibrate": self._calibrate}
        known |= {"count": self._count, "finish": self._finish}
        if note.what not in known:
            raise SettingsError(f"a plant does not answer {note.what!r}")
        return known[note.what](note)

    def _healthy(self) -> Samples:
        return self._own.learn.take(self._own.learn.life > RECIPE.limit)

    def _problem(self, note: Note) -> Problem:
        scaling = (note.arrays["mean"].astype(np.float32), note.arrays["scale"].astype(np.float32))
        split = f"federated: machines of {self._name} but every fifth, and of plants that keep their data"
        data = note_of(self._own.learn, self._name, split, simulated=self._own.simulated)
        healthy = _usual(scaling[0]) | background(self._healthy())
        return problem_of(RECIPE, self._own.learn, scaling, data, healthy, _WORDS)

    def _sums(self, note: Note) -> Note:
        numbers = {"windows": float(len(self._own.learn)), "held": float(len(self._own.held))}
        return Note(note.what, {"sums": shared.sums(self._healthy(), LAYOUT)}, numbers)

    def _pass(self, note: Note) -> Note:
        problem, seed = self._problem(note), RECIPE.seed * 1_000 + int(note.numbers["round"])
        torch.manual_seed(seed)
        network = _network(note.arrays)
        optimiser = torch.optim.AdamW(
            network.parameters(), lr=note.numbers["rate"], weight_decay=RECIPE.decay
        )
        one_pass(network, problem, tensors_of(problem.samples), np.random.default_rng(seed), optimiser)
        return Note(note.what, _state(network), {"windows": float(len(problem.samples))})

    def _calibrate(self, note: Note) -> Note:
        problem, held = self._problem(note), self._own.held
        said = predict_members([_network(note.arrays)], held.windows, problem.edges)
        known, read = held.observed, horizons.at(problem.edges, problem.horizons)
        missed = calibrate.missed(said[known, 1:4], held.life[known], RECIPE.limit)
        failures = float(len(np.unique(held.run[known])))
        arrays: dict[str, Array] = {
            "logits": shared.logits(said[:, 0], held.label, held.weight),
            "misses": shared.misses(missed, RECIPE.limit),
            "horizons": horizons.fit(said[:, 0], said[:, 4:] @ read, held, problem.horizons),
        }
        return Note(note.what, arrays, {"failures": failures})

    def _count(self, note: Note) -> Note:
        problem = self._problem(note)
        network, pair = [_network(note.arrays)], note.arrays["pair"].astype(np.float64)

        def score(windows: Floats) -> shared.Doubles:
            logit = predict_members(network, windows, problem.edges)[:, 0]
            return calibrate.sigmoid(pair[0] * logit + pair[1])

        rows = of_machines(self._own.judged, {"network": score})["network"]
        return Note(note.what, {"counts": np.array([_row(rows, one) for one in shared.THRESHOLDS])})

    def _finish(self, note: Note) -> Note:
        problem, numbers = self._problem(note), dict(note.numbers)
        arrays = note.arrays
        found = Calibrated(
            (float(arrays["pair"][0]), float(arrays["pair"][1])),
            numbers.pop("margin"),
            torch.from_numpy(horizons.at(problem.edges, problem.horizons)),
            torch.from_numpy(arrays["horizons"].astype(np.float32)),
        )
        threshold, seconds = numbers.pop("threshold"), numbers.pop("seconds")
        served = Served([_network(arrays)], torch.from_numpy(problem.edges), found, 1).eval()
        self._out.mkdir(parents=True, exist_ok=True)
        export(served, problem.samples.windows[:2], self._out / artifact.MODEL_FILE)
        artifact.finish(problem, None, self._out, artifact.Result(numbers, threshold, seconds))
        return Note(note.what)


def _usual(mean: Floats) -> dict[str, Floats]:
    """One window of each machine type at the mean (G, V) of all plants, for types that a plant lacks."""
    masks, found = np.ones(LAYOUT.masks, np.float32), {}
    for group, name in enumerate(features.TYPES):
        if not mean[group].any():
            continue  # no plant has such machines
        one_hot = np.eye(LAYOUT.groups, dtype=np.float32)[group]
        step = np.concatenate((mean[group], masks, one_hot))
        found[name] = np.tile(step, (1, features.STEPS, 1)).astype(np.float32)
    return found


def _row(rows: list[Track], threshold: float) -> tuple[float, ...]:
    found = tally(rows, float(threshold))
    return (found.failures, found.warned, found.cases, found.false, months(rows))


def _network(arrays: dict[str, Array]) -> FailureNetwork:
    network = _blank(arrays)
    own = {name: torch.from_numpy(np.array(arrays[f"w.{name}"])) for name, _ in network.named_parameters()}
    network.load_state_dict(own, strict=False)
    network.eval()
    return network


def _blank(arrays: dict[str, Array]) -> FailureNetwork:
    mean, scale = (torch.from_numpy(np.array(arrays[name], np.float32)) for name in ("mean", "scale"))
    return shaped(RECIPE, LAYOUT, Scaling(mean, scale), RECIPE.kind)


def _state(network: FailureNetwork) -> dict[str, Array]:
    return {f"w.{name}": one.detach().numpy().copy() for name, one in network.named_parameters()}


def _silent(_text: str, _share: float) -> None:
    return None


def run(ask: Ask, rounds: int, seconds: Callable[[], float], report: Report = _silent) -> Outcome:
    """Ask all plants for sums, passes, calibration and counts; then tell them the finished model.

    `seconds` says how long it has taken so far, for the card.
    """
    first = ask(Note("sums"))
    mean, scale = shared.scaling([one.arrays["sums"] for one in first])
    fixed: dict[str, Array] = {"mean": mean, "scale": scale}
    torch.manual_seed(RECIPE.seed)
    state = _state(_blank(fixed))
    for number in range(rounds):
        report(f"round {number + 1} of {rounds}", number / (rounds + 3))
        step = {"round": float(number), "rate": shared.rate(RECIPE.rate, number, rounds)}
        found = ask(Note("pass", fixed | state, step))
        state = shared.averaged([one.arrays for one in found], [one.numbers["windows"] for one in found])
    report("calibrating", rounds / (rounds + 3))
    outcome = _calibrated(ask, fixed, state)
    figures = {"plants": float(len(first)), "rounds": float(rounds), **outcome.figures}
    figures["windows"] = sum(one.numbers["windows"] for one in first)
    arrays = {"pair": np.array(outcome.calibrated.pair), "horizons": outcome.calibrated.weights.numpy()}
    numbers = {"margin": outcome.calibrated.margin, "threshold": outcome.threshold, "seconds": seconds()}
    report("writing each plant's copy", (rounds + 2) / (rounds + 3))
    ask(Note("finish", fixed | state | arrays, numbers | figures))
    return replace(outcome, figures=figures)


def _calibrated(ask: Ask, fixed: dict[str, Array], state: dict[str, Array]) -> Outcome:
    parts = ask(Note("calibrate", fixed | state))
    failures = [one.numbers["failures"] for one in parts]
    pair = shared.platt([one.arrays["logits"] for one in parts])
    margin = shared.margin([one.arrays["misses"] for one in parts], sum(failures), RECIPE.limit)
    weights = shared.averaged([{"h": one.arrays["horizons"]} for one in parts], [1 + n for n in failures])[
        "h"
    ]
    counts = ask(Note("count", fixed | state | {"pair": np.array(pair)}))
    threshold, figures = shared.threshold([one.arrays["counts"] for one in counts])
    found = Calibrated(pair, margin, torch.zeros(0), torch.from_numpy(np.asarray(weights, np.float32)))
    return Outcome(state, found, threshold, figures)
