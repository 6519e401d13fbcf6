"""Gives a plant model that was trained before there were horizons its chances by horizon.

    python -m models.failure.extend --model MODEL --data plant:DIR --out OUT

The network stays as it is, weight by weight; its probability and its life come out as before. The chances
are fitted on the plants `calibrate-*` of DIR, of which no member saw any, and judged on its `test-*`. A
model that is trained now has them from its own folds.
"""

import argparse
import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.failure import horizons, plant, session
from models.failure.card import (
    BACKGROUND_FILE,
    GOLDEN_FILE,
    MODEL_FILE,
    Card,
    file_hash,
    read_card,
    write_card,
)
from models.failure.recipes import PLANT_HORIZONS
from models.failure.samples import Samples
from models.scorer import Scorer

LOGIT, ALIVE = "mean", "mean_1"  # the exporter's names of the members' mean logit and mean survival
STRIDE = 6
Doubles = npt.NDArray[np.float64]


def extend(model: Path, data: DataSpec, out: Path) -> dict[str, float]:
    """Write `model` with the output `horizons` to `out`; returns the figures on the plants `test-*`."""
    card = read_card(model)
    if card.data.kind != "plant" or card.horizons:
        raise SettingsError(f"{card.name} is no plant model without horizons")
    learn = plant.gather(plant.plants(data.folder, ("calibrate",)), STRIDE)
    out.mkdir(parents=True, exist_ok=True)
    logit, alive = _inner(model, out, learn)
    edges = np.linspace(0, card.life_limit, alive.shape[1])
    read = horizons.at(edges, PLANT_HORIZONS)
    weights = horizons.fit(logit, alive @ read, learn, PLANT_HORIZONS)
    _write_onnx(model / MODEL_FILE, out / MODEL_FILE, read, weights)
    shutil.copyfile(model / BACKGROUND_FILE, out / BACKGROUND_FILE)
    tests = plant.gather(plant.plants(data.folder, ("test",)), STRIDE)
    figures = horizons.judge(out, tests, PLANT_HORIZONS, "h")
    _finish(model, out, card, figures)
    return figures


def _inner(model: Path, out: Path, samples: Samples) -> tuple[Doubles, Doubles]:
    """Mean logit (N,) and mean survival at the edges (N, K + 1) of the members."""
    import onnx

    graph = onnx.load(str(model / MODEL_FILE))
    given = {name for node in graph.graph.node for name in node.output}
    if not {LOGIT, ALIVE} <= given:
        raise SettingsError(f"{model} was not exported by this program")
    for name in (LOGIT, ALIVE):
        graph.graph.output.append(onnx.ValueInfoProto(name=name))
    path = out / "inner.onnx"
    onnx.save(graph, str(path))
    opened = session.open_session(path)
    found = [session.fetch(opened, name, samples.windows).astype(np.float64) for name in (LOGIT, ALIVE)]
    path.unlink()
    return found[0], found[1]


def _write_onnx(source: Path, out: Path, read: npt.NDArray[np.float32], weights: Doubles) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(source))
    graph, count = model.graph, len(weights)
    values = {
        "read": read, "low": horizons.TINY, "high": 1 - horizons.TINY, "one": 1.0, "axis": np.array([1]),
        "offset": weights[:, 0], "risk": weights[:, 1], "curve": weights[:, 2],
    }  # fmt: skip
    for name, value in values.items():
        kind = np.int64 if name == "axis" else np.float32
        graph.initializer.append(numpy_helper.from_array(np.asarray(value, kind), f"horizon_{name}"))
    chain: list[tuple[str, list[str], list[str]]] = [
        ("MatMul", [ALIVE, "horizon_read"], ["horizon_alive"]),
        ("Sub", ["horizon_one", "horizon_alive"], ["horizon_fell"]),
        ("Clip", ["horizon_fell", "horizon_low", "horizon_high"], ["horizon_gone"]),
        ("Sub", ["horizon_one", "horizon_gone"], ["horizon_left"]),
        ("Div", ["horizon_gone", "horizon_left"], ["horizon_ratio"]),
        ("Log", ["horizon_ratio"], ["horizon_odds"]),
        ("Mul", ["horizon_odds", "horizon_curve"], ["horizon_first"]),
        ("Unsqueeze", [LOGIT, "horizon_axis"], ["horizon_logit"]),
        ("Mul", ["horizon_logit", "horizon_risk"], ["horizon_second"]),
        ("Add", ["horizon_first", "horizon_second"], ["horizon_both"]),
        ("Add", ["horizon_both", "horizon_offset"], ["horizon_score"]),
        ("Sigmoid", ["horizon_score"], ["horizon_each"]),
        ("Split", ["horizon_each"], [f"horizon_step{k}" for k in range(count)]),
    ]
    nodes = [helper.make_node(*part) for part in chain]
    nodes[-1].attribute.extend(
        [helper.make_attribute("axis", 1), helper.make_attribute("num_outputs", count)]
    )
    tops = ["horizon_step0", *(f"horizon_top{k}" for k in range(1, count))]
    nodes += [helper.make_node("Max", [tops[k - 1], f"horizon_step{k}"], [tops[k]]) for k in range(1, count)]
    graph.node.extend([*nodes, helper.make_node("Concat", tops, ["horizons"], axis=1)])
    graph.output.append(helper.make_tensor_value_info("horizons", TensorProto.FLOAT, ["windows", count]))
    onnx.checker.check_model(model)
    onnx.save(model, str(out))


def _finish(model: Path, out: Path, card: Card, figures: dict[str, float]) -> None:
    scorer = Scorer(out / MODEL_FILE, card.window.steps, len(card.window.channels))
    with np.load(model / GOLDEN_FILE) as golden:
        windows = golden["window"].astype(np.float32)
    scores = scorer.score(windows)
    np.savez_compressed(out / GOLDEN_FILE, window=windows, probability=scores.probability, rul=scores.rul)
    digest, now = file_hash(out / MODEL_FILE), datetime.now(UTC)
    changes: dict[str, Any] = {
        "version": f"{now:%Y%m%d}-{digest[:8]}", "sha256": digest, "horizons": PLANT_HORIZONS,
        "command": f"{card.command}; then "
        "python -m models.failure.extend --model MODEL --data plant:DIR --out OUT",
        "settings": card.settings | {"parent": card.version}, "test": card.test | figures, "pointing": None,
    }  # fmt: skip
    write_card(out, card.model_copy(update=changes))


def main(arguments: list[str]) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m models.failure.extend", description=__doc__)
    for name in ("model", "data", "out"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args(arguments)
    found = extend(Path(given.model), DataSpec.parse(given.data, ("plant",)), Path(given.out))
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
