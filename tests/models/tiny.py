"""A real, small ONNX failure model: a two-layer network over the whole window, made by hand."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.failure.card import Card, DataNote, WindowNote, write_card
from models.registry import Floats
from models.scorer import Scorer

HIDDEN = 8


def write_onnx(
    path: Path, steps: int, channels: int, *, seed: int = 3, gain: float = 3.0, weights=None, rising=False
):
    """probability = sigmoid(w tanh(A window) - 1.5), rul = (10, 20, 30) (1 - probability).

    `weights` (channels,) scales the columns. With `rising`, A and w are positive: more is riskier.
    """
    rng = np.random.default_rng(seed)
    cells = steps * channels
    first = (rng.standard_normal((cells, HIDDEN)) / np.sqrt(cells) * gain).astype(np.float32)
    second = rng.standard_normal((HIDDEN, 1)).astype(np.float32) * 2
    if rising:
        first, second = np.full_like(first, gain / cells), np.full_like(second, 6 / HIDDEN)
    if weights is not None:
        first *= np.tile(np.asarray(weights, dtype=np.float32), steps)[:, None]
    tensors = {
        "first": first,
        "second": second,
        "offset": np.array([-1.5], dtype=np.float32),
        "one": np.array([1.0], dtype=np.float32),
        "lives": np.array([[10.0, 20.0, 30.0]], dtype=np.float32),
        "flat": np.array([-1, cells], dtype=np.int64),
        "line": np.array([-1], dtype=np.int64),
    }
    nodes = [
        helper.make_node("Reshape", ["window", "flat"], ["row"]),
        helper.make_node("MatMul", ["row", "first"], ["before"]),
        helper.make_node("Tanh", ["before"], ["hidden"]),
        helper.make_node("MatMul", ["hidden", "second"], ["sum"]),
        helper.make_node("Add", ["sum", "offset"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["risk"]),
        helper.make_node("Reshape", ["risk", "line"], ["probability"]),
        helper.make_node("Sub", ["one", "risk"], ["safe"]),
        helper.make_node("Mul", ["safe", "lives"], ["rul"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("window", TensorProto.FLOAT, ["N", steps, channels])],
        [
            helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["N"]),
            helper.make_tensor_value_info("rul", TensorProto.FLOAT, ["N", 3]),
        ],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def card_of(path: Path, window: WindowNote, *, threshold: float = 0.5, **changes) -> Card:
    values = {
        "name": "tiny",
        "version": "1",
        "created": "2026-01-01",
        "intended_use": "tests",
        "limits": ("none of it is real",),
        "licence": "Apache-2.0",
        "command": "none",
        "seeds": (3,),
        "seconds": 0.1,
        "settings": {},
        "data": DataNote(
            kind="plant", source="drawn", licence="Apache-2.0", runs=1, windows=1, failures=0, split="none"
        ),
        "feature_version": "plant-1",
        "window": window,
        "horizon": 24.0,
        "horizon_unit": "h",
        "horizon_s": 86_400,
        "life_unit": "operating hours",
        "life_limit": 500.0,
        "threshold": threshold,
        "threshold_rule": "by hand",
        "validation": {},
        "test": {},
        "background": "drawn windows",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    return Card(**{**values, **changes})


def write_folder(
    folder: Path,
    window: WindowNote,
    background: dict[str, Floats],
    *,
    gain: float = 3.0,
    weights=None,
    rising=False,
    **card,
) -> Path:
    """A whole model folder: model, card, golden cases, background."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = (window.steps, len(window.channels))
    write_onnx(folder / "model.onnx", *shape, gain=gain, weights=weights, rising=rising)
    cases = np.random.default_rng(1).standard_normal((5, *shape)).astype(np.float32)
    scores = Scorer(folder / "model.onnx", *shape).score(cases)
    np.savez(folder / "golden.npz", window=cases, probability=scores.probability, rul=scores.rul)
    np.savez(folder / "background.npz", **background)
    write_card(folder, card_of(folder / "model.onnx", window, **card))
    return folder
