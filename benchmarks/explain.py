"""How fast and how exact are explanations? The shipped plant model, one core, peers in the same run.

The peers compute the same game (same background, same groups, same batched model) with the `shap`
library. Error is the root mean square distance to a long run of 100 rounds; against shap's exact
values where there are few enough groups for those.
"""

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import registry, shap_check
from models.explainer import Explainer, Floats, Groups
from models.failure.card import GOLDEN_FILE
from models.failure.game import HEALTHY, PRECISION, ROUNDS, SEGMENTS, WALKED, Game
from models.registry import LoadedModel
from runtime.settings import ROOT

MODEL = ROOT / "models" / "artifacts" / "plant_failure"
GOAL_MS = 150.0
WINDOWS = 4
REPEATS = 5
LONG_ROUNDS = 100
FEW_SENSORS = 3
Values = NDArray[np.float64]


def run() -> list[dict[str, Any]]:
    """Rows of {name, value, unit, reach, ok, peer, method}; medians over windows and repeats."""
    model = registry.load(MODEL)
    cases = _cases(model)
    return [*_rows(cases), *_exact(model, cases)]


def _rows(cases: list[tuple[Floats, Explainer]]) -> list[dict[str, Any]]:
    spent: dict[str, list[float]] = {}
    errors: dict[str, list[float]] = {}
    additivity, rows = [], []
    for window, explainer in cases:
        count = len(explainer.groups)
        value = shap_check.mask_model(explainer.model, explainer.groups, window, explainer.background)
        contenders: dict[str, Callable[[], Values]] = {
            "ours": partial(_values, explainer, window),
            "permutation": partial(shap_check.permutation, value, count),
            "kernel": partial(shap_check.kernel, value, count, 2 * count),
        }
        long = longer(explainer, LONG_ROUNDS).explain(window).values
        for work in contenders.values():
            work()  # numba compiles at the first call
        for _ in range(REPEATS):
            for name, work in contenders.items():
                took, values = _timed(work)
                spent.setdefault(name, []).append(took)
                errors.setdefault(name, []).append(float(np.sqrt(np.mean((values - long) ** 2))))
        found = explainer.explain(window)
        additivity.append(found.additivity_error)
        rows.append(found.evaluations)
    return _told(spent, errors, additivity, rows, players_of(cases))


def _values(explainer: Explainer, window: Floats) -> Values:
    return explainer.explain(window).values


def _told(
    spent: dict[str, list[float]],
    errors: dict[str, list[float]],
    additivity: list[float],
    rows: list[int],
    players: str,
) -> list[dict[str, Any]]:
    ms = {name: median(values) for name, values in spent.items()}
    off = {name: median(values) for name, values in errors.items()}
    what = f"{players} groups (sensor x {SEGMENTS} segments), {HEALTHY} healthy windows, one core"
    times = f"shap PermutationExplainer {ms['permutation']:.1f}, KernelExplainer {ms['kernel']:.1f}"
    others = f"shap PermutationExplainer {off['permutation']:.2g}, KernelExplainer {off['kernel']:.2g}"
    runs = f"median of {len(spent['ours'])} runs"
    distance = f"root mean square distance to {LONG_ROUNDS} rounds, in probability"
    return [
        _row("explain_ms", ms["ours"], "ms", GOAL_MS, times, f"{what}; {runs}"),
        _row("explain_rows", median(rows), "1", None, "", "rows of the model for one explanation"),
        _row("explain_error", off["ours"], "1", 0.005, others, distance),
        _row("explain_additivity", max(additivity), "1", 1e-6, "", "largest |base + sum - prediction|"),
    ]


def players_of(cases: list[tuple[Floats, Explainer]]) -> str:
    """How many groups the cases have: `44 to 52`."""
    counts = [sum(name != "machine_type" for name, _ in one.groups.names) for _, one in cases]
    return f"{min(counts)} to {max(counts)}"


def longer(explainer: Explainer, rounds: int) -> Explainer:
    """The same game, every background window walked in each of so many rounds."""
    return Explainer(explainer.model, explainer.groups, explainer.background, rounds=rounds)


def _exact(model: LoadedModel, cases: list[tuple[Floats, Explainer]]) -> list[dict[str, Any]]:
    """Against shap's exact values, with the sensors joined to few groups."""
    names = list(dict.fromkeys(model.card.window.channels))
    joined = [f"part {names.index(name) % FEW_SENSORS}" for name in model.card.window.channels]
    groups = Groups.of(joined, model.card.window.steps, SEGMENTS)
    ours, theirs = [], []
    for window, whole in cases:
        value = shap_check.mask_model(whole.model, groups, window, whole.background)
        exact = shap_check.exact(value, len(groups))
        few = Explainer(
            whole.model, groups, whole.background, rounds=ROUNDS, precision=PRECISION, walked=WALKED
        )
        found = few.explain(window)
        ours.append(_rms(found.values - exact))
        theirs.append(_rms(shap_check.permutation(value, len(groups)) - exact))
    peer = f"shap PermutationExplainer {median(theirs):.2g}"
    method = f"{len(groups)} groups, root mean square distance to shap's ExactExplainer"
    return [_row("explain_exact_error", median(ours), "1", 0.005, peer, method)]


def _cases(model: LoadedModel) -> list[tuple[Floats, Explainer]]:
    """The riskiest golden windows, each with the explainer that would explain it."""
    with np.load(MODEL / GOLDEN_FILE) as golden:
        windows = golden["window"].astype(np.float32)
    riskiest = np.argsort(-model.scorer.probability(windows))[:WINDOWS]
    groups = model.card.window.groups
    kinds = [groups[int(np.argmax(window[-1, -len(groups) :]))] for window in windows[riskiest]]
    games = {kind: Game(model, kind) for kind in set(kinds)}
    return [
        (window, games[kind].explainer(window)) for window, kind in zip(windows[riskiest], kinds, strict=True)
    ]


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return (time.perf_counter() - began) * 1_000, result


def _rms(difference: Values) -> float:
    return float(np.sqrt(np.mean(difference**2)))


def _row(name: str, value: float, unit: str, reach: float | None, peer: str, method: str) -> dict[str, Any]:
    return {
        "name": name,
        "value": float(f"{value:.4g}"),
        "unit": unit,
        "reach": None if reach is None else f"<= {reach:g}",
        "ok": None if reach is None else bool(value <= reach),
        "peer": peer,
        "method": method,
    }
