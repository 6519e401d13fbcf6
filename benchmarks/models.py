"""How fast are the models? Windows a second from readings to risk, one window, one explanation, memory.

The explanation is that of the shipped plant model with all its groups, on one core, in processor time:
whoever else uses the machine does not count. Its error is the root mean square distance to the truth, a
permutation sampling that goes on until its own standard error is a tenth of ours. `KernelExplainer` plays
the same game in the same run, with more and more masks until it is as exact as we are, or until it has
taken TIMES as long as we have. A case with 12 groups is checked against exact enumeration.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from benchmarks.explain import MODEL, _cases, _exact, _row, longer, players_of
from domain.clock import SECOND
from models import registry, shap_check
from models.explainer import Explainer, Floats
from models.failure.game import HEALTHY
from models.features import plant as features
from models.features.bins import Times
from models.features.plant import BIN_US, GAUGES, States
from models.registry import LoadedModel
from runtime.settings import ROOT

REACH_WINDOWS, REACH_P99_MS, REACH_EXPLAIN_MS, REACH_TIMES, REACH_MB = 2_000.0, 20.0, 50.0, 10.0, 400.0
REACH_PICTURES, VISION = 50.0, MODEL.parent / "plant_vision"
MACHINES, DAYS, ONES, REPEATS, COMPARED = 50, 8, 300, 3, 2
EVERY_S = 300
TENTH, FEWEST_ROUNDS, MOST_ROUNDS = 10.0, 512, 4_096
MASKS = (2, 4, 8, 16, 32, 64, 128)  # of KernelExplainer, for each group
TIMES = 50.0


def run() -> list[dict[str, Any]]:
    """Rows of {name, value, unit, reach, ok, peer, method}."""
    model = registry.load(MODEL)
    return [*_scoring(model), *_explaining(model), *_exact(model, _cases(model)), _pictures(), _memory()]


def _scoring(model: LoadedModel) -> list[dict[str, Any]]:
    machines = [_readings(seed) for seed in range(MACHINES)]
    count, spent = 0, []
    for _ in range(REPEATS):
        began, count = time.process_time(), 0
        for readings, states in machines:
            windows = _windows(readings, states)
            model.scorer.score(windows)
            count += len(windows)
        spent.append(time.process_time() - began)
    single = _windows(*machines[0])[-1:]
    ones = sorted(_spent(lambda: model.scorer.score(single)) for _ in range(ONES))
    what = (
        f"{count} windows of {MACHINES} machines, from readings every {EVERY_S} s over {DAYS} days to a risk"
    )
    return [
        _least("windows_per_s", count / median(spent), "1/s", REACH_WINDOWS, f"{what}; one core"),
        _row("one_window_p99_ms", ones[int(0.99 * ONES)], "ms", REACH_P99_MS, "", f"of {ONES}, scored alone"),
    ]


def _readings(seed: int) -> tuple[dict[str, tuple[Times, Any]], States]:
    """A machine that ran for DAYS with every gauge around its own level."""
    draw = np.random.default_rng(seed)
    us = np.arange(0, DAYS * 86_400 * SECOND, EVERY_S * SECOND, dtype=np.int64)
    readings = {name: (us, 10 + draw.normal(0, 0.3, len(us))) for name in GAUGES}
    return readings, States(us[:1], np.array([6]), np.array([1]))


def _windows(readings: dict[str, tuple[Times, Any]], states: States) -> Floats:
    """All windows of the last day of a machine."""
    bins = features.bin_readings(readings, states, (), 0, DAYS * 86_400 * SECOND // BIN_US)
    return features.windows("cnc", bins, np.flatnonzero(features.usable(bins)))


def _explaining(model: LoadedModel) -> list[dict[str, Any]]:
    cases = _cases(model)
    return [_explain_ms(cases), *_compared(cases[:COMPARED])]


def _explain_ms(cases: list[tuple[Floats, Explainer]]) -> dict[str, Any]:
    """The time of the median case, of those that are explained most: the riskiest golden windows."""
    took = [_took(explainer, window) for window, explainer in cases]
    each = ", ".join(f"{ms:.0f}" for ms in took)
    what = (
        f"{players_of(cases)} groups, {HEALTHY} healthy windows, one core, processor time, median of {each}"
    )
    return _row("explain_ms", median(took), "ms", REACH_EXPLAIN_MS, "", what)


def _compared(cases: list[tuple[Floats, Explainer]]) -> list[dict[str, Any]]:
    errors, times, kernels, sure = [], [], [], []
    for window, explainer in cases:
        took, found = _took(explainer, window), explainer.explain(window).values
        truth, error, standard = _truth(explainer, window, found)
        kernel_ms, kernel_error = _kernel(explainer, window, truth, error, took)
        errors.append(error)
        times.append(kernel_ms / took)
        kernels.append(
            f"{kernel_ms:,.0f} ms at an error of {kernel_error:.2g} (ours {took:,.0f}, {error:.2g})"
        )
        sure.append(standard / error)
    reference = f"distance to permutations until their standard error is {max(sure):.2f} of it or less"
    return [
        _row("explain_error", median(errors), "1", None, "", reference),
        _least(
            "faster_than_kernel", median(times), "times", REACH_TIMES, "until as exact, or so long",
            f"KernelExplainer: {'; '.join(kernels)}",
        ),
    ]  # fmt: skip


def _took(explainer: Explainer, window: Floats) -> float:
    return median(_spent(partial(explainer.explain, window)) for _ in range(REPEATS))


def _truth(explainer: Explainer, window: Floats, found: Any) -> tuple[Any, float, float]:
    """Values, our error against them, and their standard error, which is a tenth of it or less."""
    rounds = FEWEST_ROUNDS
    while True:
        long = longer(explainer, rounds).explain(window)
        error = float(np.sqrt(np.mean((found - long.values) ** 2)))
        if long.standard_error <= error / TENTH or rounds >= MOST_ROUNDS:
            return long.values, error, long.standard_error
        rounds *= 2


def _kernel(
    explainer: Explainer, window: Floats, truth: Any, error: float, ours: float
) -> tuple[float, float]:
    """Time and error of the first run of KernelExplainer that is as exact, or of the last one tried."""
    value = shap_check.mask_model(explainer.model, explainer.groups, window, explainer.background)
    count, took, far = len(explainer.groups), 0.0, float("inf")
    shap_check.kernel(value, count, 2 * count)  # numba compiles at the first call
    for masks in MASKS:
        began = time.process_time()
        values = shap_check.kernel(value, count, masks * count)
        took = (time.process_time() - began) * 1_000
        far = float(np.sqrt(np.mean((values - truth) ** 2)))
        if far <= error or took > TIMES * ours:
            break
    return took, far


def _pictures() -> dict[str, Any]:
    """Pictures a second from the file's bytes to class, regions and strangeness, one at a time."""
    import io

    from PIL import Image

    from models.card import GOLDEN_FILE
    from models.vision.session import Inspector
    from services.vision.judging import judged

    inspector, files = Inspector(VISION), []
    with np.load(VISION / GOLDEN_FILE) as golden:
        for pixels in golden["picture"]:
            out = io.BytesIO()
            Image.fromarray(pixels.transpose(1, 2, 0)).save(out, "JPEG", quality=92)
            files.append(out.getvalue())
    took = [_spent(lambda: [judged(inspector, data) for data in files]) for _ in range(4 * REPEATS)]
    side, members = inspector.camera.size, inspector.card.members
    what = f"{side} x {side} JPEG files, decoded and judged one at a time by {members} networks, one core"
    return _least("pictures_per_s", 1_000 * len(files) / median(took), "1/s", REACH_PICTURES, what)


def _memory() -> dict[str, Any]:
    """Resident memory of a process that has loaded what the scorer loads, and has scored and explained."""
    code = (
        "import numpy as np\n"
        "import runtime.workers.score\n"
        "from benchmarks.explain import MODEL, _cases\n"
        "from models import registry\n"
        "from services.score.explaining import Explaining\n"
        "model = registry.load(MODEL)\n"
        "engines = registry.load(MODEL.parent / 'cmapss_fd001')\n"
        "windows = np.repeat(np.stack([w for w, _ in _cases(model)]), 256, axis=0)\n"
        "model.scorer.score(windows)\n"
        "for kind in model.card.window.groups:\n"
        "    Explaining(model).explain('p', kind, windows[0], 0, 1)\n"
        "from models.vision.session import Inspector\n"
        "Inspector(MODEL.parent / 'plant_vision')\n"
        "lines = open('/proc/self/status').read().splitlines()\n"
        "print(next(int(line.split()[1]) / 1024 for line in lines if line.startswith('VmHWM')))\n"
    )
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, check=True, capture_output=True, text=True
    )
    method = "most that a process held which imported the scoring worker, loaded its models and explained"
    return _row("scorer_mb", float(done.stdout.split()[-1]), "MB", REACH_MB, "", method)


def _spent(work: Callable[[], Any]) -> float:
    """Milliseconds of processor time."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1_000


def _least(name: str, value: float, unit: str, reach: float, method: str, peer: str = "") -> dict[str, Any]:
    return {
        "name": name, "value": float(f"{value:.4g}"), "unit": unit, "reach": f">= {reach:g}",
        "ok": bool(value >= reach), "peer": peer, "method": method,
    }  # fmt: skip
