"""Do explanations point at what truly moved, and do they hold still? Measured where the truth is known.

    python -m models.failure.pointing --model MODEL --data plant:DIR [--write]

The plants `test-*` of DIR are simulated ones with their `truth/` folder, of seeds that the model has not
seen. Of every failure with a usable precursor (damage was visible `LEAD_US` before it and did not come
within the hour) the riskiest window between the horizon and `LEAD_US` before it is explained. A sensor is a
true one when the failure's own mode moves it by a deviation of its wander or more. `--write` puts the
figures on the card.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import fmean

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.stats import kendalltau

from domain.errors import SettingsError
from domain.telemetry import sensors_of
from models import registry
from models.dataspec import DataSpec
from models.explainer import Attribution, Explainer, Floats, Groups
from models.failure import plant
from models.failure.card import BaseNote, PointingNote, write_card
from models.failure.game import PRECISION, ROUNDS, WALKED, Game
from models.failure.plant import LEAD_US, Machine
from models.features import plant as features
from models.registry import LoadedModel

MOVED = 1.0  # deviations of what a sensor wanders by itself
SEEDS = 5
STABLE_CASES = 60
DRAWS = 4
BASE_STRIDE = 24
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """A failure whose precursor could be seen: the window that is explained, and the true sensors."""

    machine_type: str
    cause: str
    window: Floats
    warned: bool
    true: frozenset[str]


def measure(model: LoadedModel, data: DataSpec) -> PointingNote:
    """The figures. SettingsError where the plants have no truth, or no failure with a precursor."""
    if model.card.data.kind != "plant":
        raise SettingsError(f"{model.card.name} is no model of a simulated plant: nobody knows the truth")
    paths = plant.plants(data.folder, ("test",))
    cases = [case for path in paths for case in _cases(model, path)]
    if not cases:
        raise SettingsError(f"{data}: no failure with a precursor")
    games = {kind: Game(model, kind) for kind in sorted({case.machine_type for case in cases})}
    explained = [games[case.machine_type].explainer(case.window).explain(case.window) for case in cases]
    return PointingNote(
        source=", ".join(path.name for path in paths), failures=len(cases),
        warned=sum(case.warned for case in cases),
        figures=_pointed(cases, games, explained) | _stability(model, cases, games),
        base=_bases(model, paths, cases, explained),
    )  # fmt: skip


def _cases(model: LoadedModel, path: Path) -> list[Case]:
    try:
        moved = json.loads((path / "truth" / "moved.json").read_text(encoding="utf-8"))
        failures = pq.read_table(path / "truth" / "failures.parquet").to_pylist()
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: the truth cannot be read: {error}") from error
    true = {
        cause: frozenset(name for name, by in gauges.items() if abs(by) >= MOVED)
        for cause, gauges in moved.items()
    }
    found = []
    for machine in plant.machines(path):
        own = [row for row in failures if row["equipment_id"] == machine.equipment_id]
        for row in own:
            if (
                not row["abrupt"]
                and row["began_us"] is not None
                and row["began_us"] <= row["at_us"] - LEAD_US
            ):
                found += _case(model, machine, row["at_us"], row["cause"], true[row["cause"]])
    return found


def _case(
    model: LoadedModel, machine: Machine, failed_us: int, cause: str, true: frozenset[str]
) -> list[Case]:
    """The riskiest window ahead of a failure; none where there is no usable one, or no sensor to point at."""
    places = np.flatnonzero(features.usable(machine.bins))
    ahead = failed_us - machine.at_us(places)
    places = places[(ahead >= LEAD_US) & (ahead <= plant.HORIZON_US)]
    if not len(places) or not true or model.background(machine.machine_type) is None:
        return []
    windows = features.windows(machine.machine_type, machine.bins, places)
    risk = model.scorer.probability(windows)
    top = int(np.argmax(risk))
    return [Case(machine.machine_type, cause, windows[top], bool(risk[top] >= model.card.threshold), true)]


def _pointed(
    cases: Sequence[Case], games: dict[str, Game], explained: Sequence[Attribution]
) -> dict[str, float]:
    """Shares of cases whose first sensor, or one of the first three, is a true one; beside what chance, the
    explanations of other failures of the type, and the largest deviations give.
    """
    ranked = [ranking(games[c.machine_type].groups, f.values) for c, f in zip(cases, explained, strict=True)]
    peer = [_deviations(games[case.machine_type], case.window) for case in cases]
    figures: dict[str, float] = {}
    for name, chosen in (("", range(len(cases))), ("warned_", [k for k, c in enumerate(cases) if c.warned])):
        if not len(chosen):
            continue
        for top in (1, 3):
            figures |= {
                f"{name}top_{top}": fmean(_hit(ranked[k], cases[k].true, top) for k in chosen),
                f"{name}top_{top}_by_deviation": fmean(_hit(peer[k], cases[k].true, top) for k in chosen),
                f"{name}top_{top}_by_chance": fmean(_chance(ranked[k], cases[k].true, top) for k in chosen),
                f"{name}top_{top}_of_others": fmean(
                    fmean(
                        [_hit(ranked[j], cases[k].true, top) for j in chosen
                         if j != k and cases[j].machine_type == cases[k].machine_type] or [0.0]
                    )
                    for k in chosen
                ),
            }  # fmt: skip
    return figures


def ranking(groups: Groups, values: Values) -> tuple[str, ...]:
    """Sensors by what they raised the risk in all their segments together, most first."""
    total: dict[str, float] = {}
    for (sensor, _), value in zip(groups.names, values.tolist(), strict=True):
        total[sensor] = total.get(sensor, 0.0) + value
    return tuple(sorted(total, key=lambda sensor: -total[sensor]))


def _hit(ranked: Sequence[str], true: frozenset[str], top: int) -> float:
    return float(any(true & set(sensors_of(name)) for name in ranked[:top]))


def _chance(ranked: Sequence[str], true: frozenset[str], top: int) -> float:
    """The share of hits when `top` of the sensors are drawn blindly."""
    wrong = sum(not true & set(sensors_of(name)) for name in ranked)
    return 1.0 - float(np.prod([max(0, wrong - k) / (len(ranked) - k) for k in range(top)]))


def _deviations(game: Game, window: Floats) -> tuple[str, ...]:
    """The peer without a model: sensors by how far their last segment is from the healthy windows'."""
    first, last = game.groups.bounds[-1]
    usual = game.background[:, first:last].mean(axis=1, dtype=np.float64)
    far = np.abs(window[first:last].mean(axis=0) - usual.mean(axis=0)) / np.maximum(usual.std(axis=0), 1e-6)
    sensor = game.groups.index[last - 1] // len(game.groups.bounds)
    names = list(dict.fromkeys(name for name, _ in game.groups.names))
    furthest = [float(far[sensor == place].max()) for place in range(len(names))]
    return tuple(names[place] for place in np.argsort(-np.array(furthest), kind="stable"))


def _stability(model: LoadedModel, cases: Sequence[Case], games: dict[str, Game]) -> dict[str, float]:
    """How alike the rankings of one window are: by other seeds of the estimate, by other healthy windows."""
    chosen = [cases[k] for k in np.linspace(0, len(cases) - 1, min(STABLE_CASES, len(cases))).astype(int)]
    taus: dict[str, list[float]] = {"seeds": [], "backgrounds": []}
    shared: dict[str, list[float]] = {"seeds": [], "backgrounds": []}
    for case in chosen:
        game = games[case.machine_type]
        runs = {
            "seeds": [game.explainer(case.window, seed=seed) for seed in range(SEEDS)],
            "backgrounds": [_drawn(model, game, draw) for draw in range(DRAWS)],
        }
        for what, explainers in runs.items():
            values = [_sensor_values(one.groups, one.explain(case.window).values) for one in explainers]
            for one, other in combinations(values, 2):
                taus[what].append(float(kendalltau(one, other).statistic))
                shared[what].append(len(set(np.argsort(-one)[:3]) & set(np.argsort(-other)[:3])) / 3)
    return {f"tau_{what}": fmean(found) for what, found in taus.items()} | {
        f"top_3_shared_{what}": fmean(found) for what, found in shared.items()
    }


def _drawn(model: LoadedModel, game: Game, draw: int) -> Explainer:
    """An explainer against the `draw`-th of disjoint draws from the type's healthy windows."""
    order = np.random.default_rng(0).permutation(len(game.background))
    chosen = game.background[np.sort(order[draw * WALKED : (draw + 1) * WALKED])]
    return Explainer(model.scorer.probability, game.groups, chosen, rounds=ROUNDS, precision=PRECISION)


def _sensor_values(groups: Groups, values: Values) -> Values:
    return np.asarray(values.reshape(-1, len(groups.bounds)).sum(axis=1))


def _bases(
    model: LoadedModel, paths: Sequence[Path], cases: Sequence[Case], explained: Sequence[Attribution]
) -> dict[str, BaseNote]:
    """By machine type: the base values used, and what the model says of these plants' healthy windows."""
    samples = plant.gather(list(paths), BASE_STRIDE)
    kinds = samples.windows[:, -1, -len(features.TYPES) :].argmax(axis=1)
    found = {}
    for place, kind in enumerate(features.TYPES):
        used = [f.base_value for c, f in zip(cases, explained, strict=True) if c.machine_type == kind]
        own = samples.take(kinds == place)
        if not used or not len(own):
            continue
        healthy = own.take(own.life > model.card.life_limit)
        known = ~np.isnan(own.label)
        came = np.average(own.label[known], weights=own.weight[known])
        stated = np.average(model.scorer.probability(own.windows[known]), weights=own.weight[known])
        found[kind] = BaseNote(
            base=fmean(used), healthy=float(model.scorer.probability(healthy.windows).mean()),
            stated=float(stated), came=float(came),
        )  # fmt: skip
    return found


def main(arguments: list[str]) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m models.failure.pointing", description=__doc__)
    for name in ("model", "data"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--write", action="store_true", help="put the figures on the card")
    given = parser.parse_args(arguments)
    folder = Path(given.model)
    model = registry.load(folder)
    found = measure(model, DataSpec.parse(given.data, ("plant",)))
    if given.write:
        write_card(folder, model.card.model_copy(update={"pointing": found}))
    sys.stdout.write(found.model_dump_json(indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
