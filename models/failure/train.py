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
from models.failure import artifact, calibrate, plant, recipes
from models.failure.events import tally, threshold_for
from models.failure.network import (
    FailureNetwork,
    Served,
    Shape,
    expected_life,
    life_quantile,
    loss,
    survival,
)
from models.failure.plant_problem import plant_problem
from models.failure.problem import Problem, cmapss_problem
from models.failure.samples import Samples, folds
from models.failure.tracks import Score, tracks

Report = Callable[[str, float], None]
Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Unseen:
    """What the members said of the windows that they were not trained on; rows as in the samples."""

    logit: Array
    life: Array
    low: Array
    high: Array


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
    members, unseen = fit(problem, report)
    calibration, margin = _calibrate(problem.samples, unseen, problem.recipe.limit)
    threshold, events = _threshold(problem, data, members, calibration, report)
    out.mkdir(parents=True, exist_ok=True)
    report("exporting and testing", 0.9)
    served = Served(members, torch.from_numpy(problem.edges), calibration, margin).eval()
    export(served, problem.samples.windows[:2], out / artifact.MODEL_FILE)
    validation = _validation(problem, unseen, calibration, margin) | events
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
        score = _member_score(members[fold[k]], problem.edges, calibration)
        rows += tracks([path], {"member": score})["member"]
    threshold = threshold_for(rows, recipes.PLANT_FALSE_RATE)
    found = tally(rows, threshold)
    return threshold, {"recall": found.recall, "false_cases_per_machine_month": found.false_rate}


def _member_score(member: FailureNetwork, edges: Array, calibration: tuple[float, float]) -> Score:
    def score(windows: Array) -> npt.NDArray[np.float64]:
        logit = predict_member(member, windows, edges)[:, 0]
        return calibrate.sigmoid(calibration[0] * logit + calibration[1])

    return score


def fit(problem: Problem, report: Report) -> tuple[list[FailureNetwork], Unseen]:
    """One member for each fold, and what it says of that fold."""
    recipe, samples = problem.recipe, problem.samples
    fold = folds(samples.group, recipe.folds, recipe.seed)
    rows = np.zeros((len(samples), 4), dtype=np.float32)
    members = []
    for k in range(recipe.folds):
        member = fit_member(problem, samples.take(fold != k), recipe.seed * 100 + k, report, k)
        members.append(member)
        rows[fold == k] = predict_member(member, samples.windows[fold == k], problem.edges)
    return members, Unseen(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3])


def fit_member(
    problem: Problem, samples: Samples, seed: int, report: Report = _silent, number: int = 0
) -> FailureNetwork:
    """Train one network on `samples`; the same seed on the same machine gives the same weights."""
    recipe = problem.recipe
    torch.manual_seed(seed)
    draw = np.random.default_rng(seed)
    network = FailureNetwork(
        problem.layout,
        torch.from_numpy(problem.mean),
        torch.from_numpy(problem.scale),
        recipe.bins,
        Shape(recipe.kind, recipe.width, recipe.layers, recipe.dropout),
    )
    edges, tensors = torch.from_numpy(problem.edges), _tensors(samples)
    batches = max(1, len(samples) // recipe.batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, total_steps=batches * recipe.epochs, pct_start=0.15
    )
    weights = (recipe.likelihood_weight, recipe.square_weight, recipe.risk_weight)
    network.train()
    for epoch in range(recipe.epochs):
        order = torch.from_numpy(draw.permutation(len(samples)))
        for chosen in order[: batches * recipe.batch].split(recipe.batch):
            window, *target = (tensor[chosen] for tensor in tensors)
            window = _lose_sensors(window, problem, draw)
            value = loss(network(window), (target[0], target[1], target[2]), edges, weights)
            optimiser.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        done = number + (epoch + 1) / recipe.epochs
        report(f"member {number + 1} of {recipe.folds}", 0.8 * done / recipe.folds)
    network.eval()
    return network


def _lose_sensors(window: Tensor, problem: Problem, draw: np.random.Generator) -> Tensor:
    """Mask one sensor in a share of the windows, as if it had said nothing."""
    lost = np.flatnonzero(draw.random(len(window)) < problem.recipe.mask_drop)
    if len(lost) == 0:
        return window
    sensor = problem.layout.values + draw.integers(0, problem.layout.masks - 1, len(lost))
    window = window.clone()
    window[torch.from_numpy(lost), :, torch.from_numpy(sensor)] = 0.0
    return window


def _tensors(samples: Samples) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return (
        torch.from_numpy(samples.windows),
        torch.from_numpy(samples.life),
        torch.from_numpy(samples.observed.astype(np.float32)),
        torch.from_numpy(samples.label),
    )


def predict_member(network: FailureNetwork, windows: Array, edges: Array) -> Array:
    """Logit, expected life, 5 % and 95 % quantile of one member, (N, 4)."""
    widths = torch.from_numpy(np.diff(edges))
    parts = []
    with torch.no_grad():
        for part in torch.from_numpy(windows).split(4_096):
            risk, hazard = network(part)
            alive = survival(hazard)
            ends = (life_quantile(alive, widths, level) for level in (0.05, 0.95))
            parts.append(torch.stack((risk, expected_life(alive, widths), *ends), dim=1))
    return np.asarray(torch.cat(parts).numpy())


def _calibrate(
    samples: Samples, unseen: Unseen, limit: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    known = samples.observed
    life = np.minimum(samples.life[known], limit)
    pair = calibrate.platt(unseen.logit, samples.label, samples.weight)
    return pair, calibrate.margin(unseen.low[known], unseen.high[known], life, samples.run[known])


def _validation(
    problem: Problem, unseen: Unseen, calibration: tuple[float, float], margin: tuple[float, float]
) -> dict[str, float]:
    known, limit = problem.samples.observed, problem.recipe.limit
    life = np.minimum(problem.samples.life[known], limit)
    low, high = unseen.low[known] - margin[0], unseen.high[known] + margin[1]
    probability = calibrate.sigmoid(calibration[0] * unseen.logit + calibration[1])
    marked = ~np.isnan(problem.samples.label)
    weight, inside = problem.samples.weight, (life >= low - 1e-6) & (life <= np.minimum(high, limit) + 1e-6)
    error = (probability[marked] - problem.samples.label[marked]) ** 2
    return {
        "rmse_clipped": float(np.sqrt(np.average((unseen.life[known] - life) ** 2, weights=weight[known]))),
        "coverage": float(np.average(inside, weights=weight[known])),
        "brier": float(np.average(error, weights=weight[marked])),
    }


def export(served: Served, example: Array, path: Path) -> None:
    """Write the network as ONNX, any number of windows at a time, without the exporter's notes."""
    many = torch.export.Dim("windows", min=1, max=1_000_000)
    torch.onnx.export(
        served,
        (torch.from_numpy(example),),
        str(path),
        input_names=["window"],
        output_names=["probability", "rul"],
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
