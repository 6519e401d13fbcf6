"""Compares network families and settings on validation runs: `python -m models.failure.compare --help`.

Prints a line of JSON per variant. Each variant trains `--folds` members, each on all folds but one, and
is judged on the fold left out; test data are never read.
"""

import argparse
import json
import sys
import time
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from models.dataspec import DataSpec
from models.failure.events import ranking
from models.failure.interval import cross_validated
from models.failure.problem import Problem
from models.failure.recipes import Recipe
from models.failure.samples import Samples, folds


def judge(problem: Problem, count: int) -> dict[str, float]:
    """Mean over `count` folds of the figures on the fold left out."""
    from models.failure.train import fit_fold, predict_members

    samples, recipe = problem.samples, problem.recipe
    fold = folds(samples.group, recipe.folds, recipe.seed)
    began, rows = time.process_time(), []
    for k in range(count):
        members = fit_fold(problem, samples.take(fold != k), k)
        own = samples.take(fold == k)
        found = predict_members(members, own.windows, problem.edges)
        known = own.observed & late(problem, own.windows)
        life = np.minimum(own.life[known], recipe.limit)
        square = (found[known, 2] - life) ** 2
        error = np.average(square, weights=own.weight[known])
        row = {"rmse_clipped": float(np.sqrt(error)), "rmse_cut_off": by_run(square, own.run[known])}
        rows.append(row | {"auc": ranking(own.label, found[:, 0])} | _intervals(problem, own, found))
    seconds = {"seconds_per_fold": (time.process_time() - began) / count}
    mean = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    return {name: round(value, 4) for name, value in (mean | seconds).items()}


def _intervals(problem: Problem, own: Samples, found: npt.NDArray[np.float32]) -> dict[str, float]:
    """`cross_validated` within a fold that was left out: its runs calibrate each other's interval."""
    part, limit = own.take(own.observed), problem.recipe.limit
    fold = folds(part.run, problem.recipe.folds, problem.recipe.seed)
    return cross_validated(found[own.observed, 1:4], part.life, part.run, fold, limit)


def by_run(square: npt.NDArray[np.float64], run: npt.NDArray[np.int64]) -> float:
    """Root mean square error where each run is cut off once, at a cycle drawn at random: a mean of means."""
    return float(np.sqrt(np.mean([square[run == name].mean() for name in np.unique(run)])))


def late(problem: Problem, windows: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Engines are asked after 30 cycles at the earliest, as in the test set; plant windows are all full."""
    if problem.life_unit != "cycles":
        return np.ones(len(windows), dtype=np.bool_)
    return np.asarray(windows[:, -1, -2] >= 30)


def variants(base: Recipe, changes: list[str]) -> list[tuple[str, Recipe]]:
    """The recipe changed by each of `field=value,field=value`."""
    found = []
    for text in changes:
        pairs = dict(pair.split("=") for pair in text.split(",") if pair)
        values = {name: type(getattr(base, name))(value) for name, value in pairs.items()}
        found.append((text or "as shipped", replace(base, **values)))
    return found


def main(arguments: list[str]) -> None:
    """The command line."""
    from models.failure import recipes
    from models.failure.plant_problem import plant_problem
    from models.failure.problem import cmapss_problem

    parser = argparse.ArgumentParser(prog="python -m models.failure.compare", description=__doc__)
    parser.add_argument("--data", required=True, help="KIND:DIR[:SUBSET]")
    parser.add_argument("--folds", type=int, default=3, help="how many folds to judge on")
    parser.add_argument("variant", nargs="*", default=[""], help="e.g. kind=tcn,width=64")
    given = parser.parse_args(arguments)
    data = DataSpec.parse(given.data, ("cmapss", "plant"))
    is_plant = data.kind == "plant"
    for name, recipe in variants(recipes.PLANT if is_plant else recipes.CMAPSS, given.variant):
        problem = plant_problem(data, recipe) if is_plant else cmapss_problem(data, recipe)
        sys.stdout.write(json.dumps({"variant": name, **judge(problem, given.folds)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
