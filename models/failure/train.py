"""Trains a failure model and writes its folder. The only module beside network.py that needs torch."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from models.dataspec import DataSpec
from models.failure import artifact, calibrate, horizons, interval, plant, recipes
from models.failure.events import tally, threshold_for
from models.failure.network import (
    Calibrated,
    FailureNetwork,
    Scaling,
    Served,
    Shape,
    life_ends,
    loss,
    survival,
)
from models.failure.plant_problem import plant_problem
from models.failure.problem import Problem, cmapss_problem
from models.failure.samples import Layout, Samples, Whole, folds
from models.failure.tracks import Score, tracks

Report = Callable[[str, float], None]
Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Unseen:
    """What the members said of the windows that they were not trained on; rows as in the samples.

    `logit` (N,), `rul` (N, 3) = lower quantile, mean, upper quantile, `alive` (N, K + 1) at the edges.
    """

    logit: Array
    rul: Array
    alive: Array


def _silent(_text: str, _share: float) -> None:
    pass


def train(data: DataSpec, out: Path, *, report: Report = _silent) -> dict[str, float]:
    """Train on `data`, write the model folder `out`, and return the card's figures.

    One member is trained for each fold of whole runs; what each says of its own fold calibrates the
    probability, the interval and the threshold. The shipped network is the mean of the members.
    """
    began = time.monotonic()
    torch.set_num_threads(int(os.environ.get("TAKTWISE_TRAIN_THREADS", "1")))
    problem = _problem(data)
    members, unseen, fold = fit(problem, report)
    found = _calibrate(problem, unseen)
    threshold, events = _threshold(problem, data, members, found.pair, report)
    out.mkdir(parents=True, exist_ok=True)
    report("exporting and testing", 0.9)
    edges = torch.from_numpy(problem.edges)
    served = Served(members, edges, found, problem.recipe.folds).eval()
    export(served, problem.samples.windows[:2], out / artifact.MODEL_FILE)
    validation = _validation(problem, unseen, found, fold) | events
    result = artifact.Result(validation, threshold, time.monotonic() - began)
    return artifact.finish(problem, data, out, result)


def _problem(data: DataSpec) -> Problem:
    return cmapss_problem(data) if data.kind == "cmapss" else plant_problem(data)


def _threshold(
    problem: Problem,
    data: DataSpec,
    members: list[FailureNetwork],
    calibration: tuple[float, float],
    report: Report,
) -> tuple[float, dict[str, float]]:
    """The card's threshold, and the events that it gives on plants as seen by the member left out."""
    if data.kind == "cmapss":
        return 0.5, {}
    report("choosing the threshold", 0.8)
    paths = plant.plants(data.folder, ("train",))
    fold = folds(np.arange(len(paths)), problem.recipe.folds, problem.recipe.seed)
    rows = []
    for k, path in enumerate(paths):
        kinds = len(members) // problem.recipe.folds
        own = members[fold[k] * kinds : (fold[k] + 1) * kinds]
        score = _members_score(own, problem.edges, calibration)
        rows += tracks([path], {"member": score})["member"]
    threshold = threshold_for(rows, recipes.PLANT_FALSE_RATE)
    found = tally(rows, threshold)
    return threshold, {"recall": found.recall, "false_cases_per_machine_month": found.false_rate}


def _members_score(own: list[FailureNetwork], edges: Array, calibration: tuple[float, float]) -> Score:
    def score(windows: Array) -> npt.NDArray[np.float64]:
        logit = predict_members(own, windows, edges)[:, 0]
        return calibrate.sigmoid(calibration[0] * logit + calibration[1])

    return score


def fit(problem: Problem, report: Report) -> tuple[list[FailureNetwork], Unseen, Whole]:
    """Members, as many in a row for each fold as the recipe has kinds; what they say of it; the folds."""
    recipe, samples = problem.recipe, problem.samples
    fold = folds(samples.group, recipe.folds, recipe.seed)
    rows = np.zeros((len(samples), 4 + len(problem.edges)), dtype=np.float32)
    members: list[FailureNetwork] = []
    for k in range(recipe.folds):
        own = fit_fold(problem, samples.take(fold != k), k, report)
        members += own
        rows[fold == k] = predict_members(own, samples.windows[fold == k], problem.edges)
    return members, Unseen(rows[:, 0], rows[:, 1:4], rows[:, 4:]), fold


def fit_fold(problem: Problem, samples: Samples, k: int, report: Report = _silent) -> list[FailureNetwork]:
    """A member of each kind, trained on `samples` and scaled by them."""
    problem = problem.scaled_by(samples)
    seed = problem.recipe.seed * 100 + k
    kinds = problem.recipe.kind.split("+")
    return [fit_member(problem, samples, seed + 50 * n, kind, report, k) for n, kind in enumerate(kinds)]


def fit_member(
    problem: Problem, samples: Samples, seed: int, kind: str, report: Report = _silent, number: int = 0
) -> FailureNetwork:
    """Train one network on `samples`; the same seed on the same machine gives the same weights."""
    recipe = problem.recipe
    torch.manual_seed(seed)
    draw = np.random.default_rng(seed)
    network = blank(problem, kind)
    tensors, batches = tensors_of(samples), max(1, len(samples) // recipe.batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, total_steps=batches * recipe.epochs, pct_start=0.15
    )
    for epoch in range(recipe.epochs):
        one_pass(network, problem, tensors, draw, optimiser, schedule)
        done = number + (epoch + 1) / recipe.epochs
        report(f"member {number + 1} of {recipe.folds}", 0.8 * done / recipe.folds)
    network.eval()
    return network


def one_pass(
    network: FailureNetwork,
    problem: Problem,
    tensors: tuple[Tensor, ...],
    draw: np.random.Generator,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler | None = None,
) -> None:
    """One pass over the samples, in an order that `draw` chooses."""
    recipe, edges = problem.recipe, torch.from_numpy(problem.edges)
    weights = (recipe.likelihood_weight, recipe.square_weight, recipe.risk_weight)
    batches = max(1, len(tensors[0]) // recipe.batch)
    network.train()
    order = torch.from_numpy(draw.permutation(len(tensors[0])))
    for chosen in order[: batches * recipe.batch].split(recipe.batch):
        window, *target = (tensor[chosen] for tensor in tensors)
        window = _lose_sensors(window, problem, draw)
        value = loss(network(window), (target[0], target[1], target[2]), edges, weights)
        optimiser.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if schedule is not None:
            schedule.step()


def blank(problem: Problem, kind: str) -> FailureNetwork:
    """An untrained network of the problem's shape and scaling."""
    centres = None if problem.centres is None else torch.from_numpy(problem.centres)
    scaling = Scaling(torch.from_numpy(problem.mean), torch.from_numpy(problem.scale), centres)
    return shaped(problem.recipe, problem.layout, scaling, kind)


def shaped(recipe: recipes.Recipe, layout: Layout, scaling: Scaling, kind: str) -> FailureNetwork:
    """An untrained network as the recipe says."""
    shape = Shape(
        kind, recipe.width, recipe.layers, recipe.dropout, recipe.pool, bool(recipe.attend), recipe.summary
    )
    return FailureNetwork(layout, scaling, recipe.bins, shape)


def _lose_sensors(window: Tensor, problem: Problem, draw: np.random.Generator) -> Tensor:
    """Mask one sensor in a share of the windows, as if it had said nothing."""
    lost = np.flatnonzero(draw.random(len(window)) < problem.recipe.mask_drop)
    if len(lost) == 0:
        return window
    sensor = problem.layout.values + draw.integers(0, problem.layout.masks - 1, len(lost))
    window = window.clone()
    window[torch.from_numpy(lost), :, torch.from_numpy(sensor)] = 0.0
    return window


def tensors_of(samples: Samples) -> tuple[Tensor, ...]:
    """Windows, life, whether it was observed, and label."""
    return (
        torch.from_numpy(samples.windows),
        torch.from_numpy(samples.life),
        torch.from_numpy(samples.observed.astype(np.float32)),
        torch.from_numpy(samples.label),
    )


def predict_members(networks: list[FailureNetwork], windows: Array, edges: Array) -> Array:
    """What the mean of the networks says, (N, 4 + K + 1): logit; lower quantile, mean, upper quantile of
    life; survival at the edges.
    """
    widths = torch.from_numpy(np.diff(edges))
    parts = []
    with torch.no_grad():
        for part in torch.from_numpy(windows).split(4_096):
            said = [network(part) for network in networks]
            risk = torch.stack([logit for logit, _ in said]).mean(0)
            alive = torch.stack([survival(hazard) for _, hazard in said]).mean(0)
            parts.append(torch.stack((risk, *life_ends(alive, widths), *alive.unbind(1)), dim=1))
    return np.asarray(torch.cat(parts).numpy())


def _calibrate(problem: Problem, unseen: Unseen) -> Calibrated:
    samples = problem.samples
    known = samples.observed
    pair = calibrate.platt(unseen.logit, samples.label, samples.weight)
    margin = calibrate.margin(
        unseen.rul[known], samples.life[known], samples.run[known], problem.recipe.limit
    )
    read = horizons.at(problem.edges, problem.horizons)
    weights = horizons.fit(unseen.logit, unseen.alive @ read, samples, problem.horizons)
    return Calibrated(pair, margin, torch.from_numpy(read), torch.from_numpy(weights.astype(np.float32)))


def _validation(problem: Problem, unseen: Unseen, found: Calibrated, fold: Whole) -> dict[str, float]:
    samples, limit = problem.samples, problem.recipe.limit
    known = samples.observed
    life, weight = np.minimum(samples.life[known], limit), samples.weight
    probability = calibrate.sigmoid(found.pair[0] * unseen.logit + found.pair[1])
    marked = ~np.isnan(samples.label)
    error = (probability[marked] - samples.label[marked]) ** 2
    square = (unseen.rul[known, 1] - life) ** 2
    chance = horizons.chances(unseen.logit, unseen.alive @ found.read.numpy(), found.weights.numpy())
    unit = "h" if problem.horizon_s else "cycles"
    return {
        "rmse_clipped": float(np.sqrt(np.average(square, weights=weight[known]))),
        "brier": float(np.average(error, weights=weight[marked])),
        **interval.cross_validated(unseen.rul[known], life, samples.run[known], fold[known], limit),
        **horizons.brier(chance, samples, problem.horizons, unit),
    }


def export(served: Served, example: Array, path: Path) -> None:
    """Write the network as ONNX, any number of windows at a time, without the exporter's notes."""
    many = torch.export.Dim("windows", min=1, max=1_000_000)
    torch.onnx.export(
        served,
        (torch.from_numpy(example),),
        str(path),
        input_names=["window"],
        output_names=["probability", "rul", "horizons", "folds"],
        dynamic_shapes={"window": {0: many}},
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    _forget_where(path)


def _forget_where(path: Path) -> None:
    """Drop the exporter's notes on each node: they hold paths of the machine that trained."""
    import onnx

    model = onnx.load(path)
    for part in (*model.graph.node, *model.graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
    onnx.save(model, path)
