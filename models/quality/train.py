"""Trains a model of scrap on the older operations, chooses on later ones, judges on the last.

The parts follow each other in time. A logistic regression on settings and their squares serves; gradient
boosting is measured beside it in the same run. Whether a product's settings explain anything is said by the
operations that choose; where they do not, nothing is ever advised on it.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from domain.errors import SettingsError
from models.card import GOLDEN_FILE, MODEL_FILE, file_hash, write_card
from models.dataspec import DataSpec
from models.quality import cases as files
from models.quality.card import LEAST, Card, DataNote, Product, Setting
from models.quality.cases import Operation
from models.quality.features import FEATURE_VERSION, Basis
from models.quality.fitting import Floats, fit, shares
from models.quality.judging import deviance, figures, gain
from models.quality.peer import boosted

NAME = "process_quality"
SEED, MEMBERS = 7, 60
TEACH, CHOOSE = 0.6, 0.8
RIDGES = (1.0, 10.0, 100.0)
PLAIN, NEVER = 3.0, 1e9  # the ridge on products and machines; one that holds a column at 0
GOLDEN = 32
Report = Callable[[str, float], None]


def _silent(_text: str, _share: float) -> None:
    return None


def train(data: DataSpec, out: Path, report: Report = _silent) -> dict[str, float]:
    """Train on the operations of `data`, write the folder `out`, return the figures of the last fifth."""
    began = time.monotonic()
    every = [one for one in files.read(data) if one.parts > 0]
    teach, choose, test = parted(every)
    products = described(teach)
    machines = tuple(sorted({one.equipment_id for one in teach if one.product_id in products}))
    basis = Basis(products, machines)
    teach, choose, test = ([one for one in part if basis.covers(one)] for part in (teach, choose, test))
    if not choose or not test:
        raise SettingsError("no later operations are of products and machines that taught")
    report("teaching", 0.2)
    ridge = min(RIDGES, key=lambda one: deviance(choose, _shares(basis, choose, _fit(basis, teach, one))))
    weights, plain = _fit(basis, teach, ridge), _fit(basis, teach, NEVER)
    members = _members(basis, teach, ridge)
    report("drawing again", 0.7)
    products = {name: _checked(basis, name, choose, weights, plain) for name in products}
    out.mkdir(parents=True, exist_ok=True)
    _write(np.column_stack([weights, members]), out / MODEL_FILE)
    golden = basis.rows(teach[:: max(1, len(teach) // GOLDEN)])
    answers = shares(golden, np.column_stack([weights, members]))
    np.savez_compressed(out / GOLDEN_FILE, inputs=golden, shares=answers.astype(np.float32))
    judged = [
        figures(part, _shares(basis, part, weights), _shares(basis, part, plain)) for part in (choose, test)
    ]
    judged[1]["boosting_gain"] = gain(test, boosted(basis, teach, test, SEED), _shares(basis, test, plain))
    judged[1]["other_machines_gain"] = _elsewhere(basis, teach, test, ridge)
    card = _card(out, every, teach, products, machines, judged, ridge)
    write_card(out, card.model_copy(update={"seconds": round(time.monotonic() - began, 1)}))
    report("done", 1.0)
    return judged[1]


def parted(every: Sequence[Operation]) -> tuple[list[Operation], list[Operation], list[Operation]]:
    """The oldest operations, later ones and the last; those that began together lie in one part."""
    begins = sorted({one.at_us for one in every})
    if len(begins) < 10 or len(every) < 5 * LEAST:
        raise SettingsError(
            f"{len(every)} operations from {len(begins)} moments are too few: at least {5 * LEAST} from 10"
        )
    first, second = begins[int(TEACH * len(begins))], begins[int(CHOOSE * len(begins))]
    return (
        [one for one in every if one.at_us < first],
        [one for one in every if first <= one.at_us < second],
        [one for one in every if one.at_us >= second],
    )


def described(teach: Sequence[Operation]) -> dict[str, Product]:
    """The products that may be learned, with their settings; SettingsError without one."""
    found = {}
    for name in sorted({one.product_id for one in teach}):
        mine = [one for one in teach if one.product_id == name]
        common = set.intersection(*(set(one.settings) for one in mine))
        settings = tuple(filter(None, (_setting(each, mine) for each in sorted(common))))
        bad = round(sum(one.bad for one in mine))
        if len(mine) >= LEAST and bad >= LEAST and settings:
            found[name] = Product(settings=settings, operations=len(mine), bad=bad, gain=0.0, advises=False)
    if not found:
        raise SettingsError(f"no product has {LEAST} operations with settings and {LEAST} bad parts")
    return found


def _setting(name: str, mine: Sequence[Operation]) -> Setting | None:
    values = np.array([one.settings[name] for one in mine])
    if values.std() <= 1e-9 * max(1.0, abs(values.mean())):
        return None  # what never moved teaches nothing
    low, high = np.percentile(values, (2, 98))
    return Setting(
        name=name, centre=float(values.mean()), scale=float(values.std()), low=float(low), high=float(high)
    )


def _fit(basis: Basis, some: Sequence[Operation], ridge: float) -> Floats:
    penalty = np.where(basis.of_settings, ridge, PLAIN)
    good, bad = (np.array([getattr(one, name) for one in some]) for name in ("good", "bad"))
    return fit(basis.rows(some), good, bad, penalty)


def _members(basis: Basis, teach: Sequence[Operation], ridge: float) -> Floats:
    """Weights (F + 1, MEMBERS) on moments drawn with replacement: operations that began together share what
    else happened then."""
    rng = np.random.default_rng(SEED)
    begins = sorted({one.at_us for one in teach})
    by_begin = {at: [one for one in teach if one.at_us == at] for at in begins}
    drawn = [rng.choice(len(begins), len(begins)) for _ in range(MEMBERS)]
    return np.column_stack(
        [_fit(basis, [one for k in some for one in by_begin[begins[k]]], ridge) for some in drawn]
    )


def _shares(basis: Basis, some: Sequence[Operation], weights: Floats) -> Floats:
    return shares(basis.rows(some), weights)


def _checked(basis: Basis, name: str, choose: Sequence[Operation], weights: Floats, plain: Floats) -> Product:
    mine, known = [one for one in choose if one.product_id == name], basis.products[name]
    if not mine:
        return known
    found = gain(mine, _shares(basis, mine, weights), _shares(basis, mine, plain))
    return known.model_copy(update={"gain": round(found, 4), "advises": found > 0})


def _elsewhere(basis: Basis, teach: Sequence[Operation], test: Sequence[Operation], ridge: float) -> float:
    """The gain of settings learned on the other half of the machines, in the mean of both halves."""
    names = sorted({one.equipment_id for one in teach})
    found = []
    for half in (set(names[::2]), set(names[1::2])):
        learn = [one for one in teach if one.equipment_id not in half]
        judge = [one for one in test if one.equipment_id in half]
        if learn and judge:
            with_settings, plain = _fit(basis, learn, ridge), _fit(basis, learn, NEVER)
            found.append(gain(judge, _shares(basis, judge, with_settings), _shares(basis, judge, plain)))
    return float(np.mean(found)) if found else 0.0


def _write(weights: Floats, path: Path) -> None:
    """ONNX: shares (N, 1 + MEMBERS) of inputs (N, F), the model's own first."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    matrix = numpy_helper.from_array(weights[:-1].astype(np.float32), "weights")
    start = numpy_helper.from_array(weights[-1].astype(np.float32), "start")
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["X", "weights", "start"], ["logit"]),
         helper.make_node("Sigmoid", ["logit"], ["shares"])],
        "shares of bad parts",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["n", weights.shape[0] - 1])],
        [helper.make_tensor_value_info("shares", TensorProto.FLOAT, ["n", weights.shape[1]])],
        [matrix, start],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def _card(
    out: Path, every: Sequence[Operation], teach: Sequence[Operation], products: dict[str, Product],
    machines: tuple[str, ...], judged: list[dict[str, float]], ridge: float,
) -> Card:  # fmt: skip
    simulated, digest = any(one.simulated for one in every), file_hash(out / MODEL_FILE)
    return Card(
        name=NAME, version=f"{datetime.now(UTC):%Y%m%d}-{digest[:8]}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        intended_use="Says what a setting does to scrap, for advice to a process engineer; it moves none.",
        limits=tuple(_limits(products, simulated=simulated)),
        licence="Apache-2.0" if simulated else "stays with the plant",
        command="python -m runtime train quality --data plant:DIR --out MODEL",
        seeds=(SEED,), seconds=0.0, settings={"ridge": ridge, "members": MEMBERS},
        feature_version=FEATURE_VERSION,
        threshold_rule="advice where 19 of 20 fits on drawn operations say that scrap falls",
        validation=judged[0], test=judged[1], background="none: machine and product alone stand beside it",
        sha256=digest,
        data=DataNote(
            source="operations of a plant with their settings, from its MES",
            runs=len(machines), windows=len(teach), simulated=simulated,
            split="by time: three fifths teach, a fifth chooses, the last fifth is judged; and by machine",
        ),
        products=products, machines=machines, members=MEMBERS,
    )  # fmt: skip


def _limits(products: dict[str, Product], *, simulated: bool) -> list[str]:
    said = [
        "It knows what went together in the past; a setting that moves with another may only seem to act."
    ]
    silent = [name for name, one in products.items() if not one.advises]
    if silent:
        said.append(f"The settings of {', '.join(silent)} explained nothing later: no advice on these.")
    if simulated:
        said.append("It learned from simulated machines and never speaks of real ones.")
    return said
