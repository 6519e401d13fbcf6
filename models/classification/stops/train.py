"""Trains a model of reasons on the older stops, calibrates it on later ones, judges it on the last.

The parts follow each other in time: three fifths of the stops teach, a fifth chooses among the candidates,
sets the temperature and the limit, the last fifth is judged once. The model that is written is the one that
was judged.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError
from domain.wording import percent
from models.card import BACKGROUND_FILE, GOLDEN_FILE, MODEL_FILE, file_hash, write_card
from models.classification import background
from models.classification.stops import cases as files
from models.classification.stops import features
from models.classification.stops.card import LEAST, Card, DataNote
from models.classification.stops.cases import Cases
from models.classification.stops.judging import Figures, Probabilities, figures, pooled, sure
from models.classification.stops.reasoner import cooled, run
from models.dataspec import DataSpec
from models.session import open_session

SEED = 7
NAME = "plant_reason"
TEACH, CHOOSE = 0.6, 0.8
SURE_RIGHT = 0.85  # share of sure proposals that are right, on the stops that choose
EXACT, GOLDEN, NEVER = 1e-4, 32, 1.01
LIMITS = tuple(k / 20 for k in range(10, 20))
TEMPERATURES = tuple(float(one) for one in np.geomspace(0.4, 4.0, 25))
Report = Callable[[str, float], None]


def _silent(_text: str, _share: float) -> None:
    return None


def train(data: DataSpec, out: Path, report: Report = _silent) -> Figures:
    """Train on the stops of `data`, write the folder `out`, return the figures of the last fifth."""
    began = time.monotonic()
    import skl2onnx  # noqa: F401 - before work is spent

    every = files.read(data).taught()
    teach, choose, test = parted(every)
    counts = known(teach)
    report("teaching", 0.1)
    name, model = _best(teach, choose, tuple(counts), report)
    out.mkdir(parents=True, exist_ok=True)
    error = _export(model, teach.inputs, out / MODEL_FILE)
    opened = open_session(out / MODEL_FILE)
    labels = tuple(model.classes_.tolist())
    temperature, limit = calibrated(choose, labels, run(opened, choose.inputs))
    majority = max(counts, key=lambda one: counts[one])

    def judged(part: Cases) -> Figures:
        return figures(part, labels, cooled(run(opened, part.inputs), temperature), limit, majority)

    validation, tested = judged(choose), judged(test)
    if validation["right"] <= validation["rules_right"]:
        name, limit = "rules", NEVER
        validation, tested = judged(choose), judged(test)
    tested["onnx_error"] = error
    _write(teach, opened, temperature, out)
    card = Card(
        name=NAME,
        version=f"{datetime.now(UTC):%Y%m%d}-{file_hash(out / MODEL_FILE)[:8]}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        intended_use="Proposes the reason of a stop to whoever names it; it names none itself.",
        limits=_limits(teach, counts),
        licence="Apache-2.0" if every.simulated.all() else "stays with the plant",
        command="python -m runtime train classification --data stops:DIR --out MODEL",
        seeds=(SEED,),
        seconds=round(time.monotonic() - began, 1),
        settings=_settings(model),
        feature_version=features.FEATURE_VERSION,
        threshold_rule=f"the lowest chance from which {percent(SURE_RIGHT, 0)} of the proposals are right, "
        "on stops after those that taught",
        validation=validation,
        test=tested,
        background="64 stops with the mean chances of all that taught",
        sha256=file_hash(out / MODEL_FILE),
        data=_note(every, len(np.unique(teach.stop))),
        labels=labels,
        stops=counts,
        temperature=temperature,
        limit=limit,
        served=name,
    )
    write_card(out, card)
    report("done", 1.0)
    return tested


def parted(every: Cases) -> tuple[Cases, Cases, Cases]:
    """The oldest stops, later ones and the last; all moments of a stop lie in one part."""
    begins = np.unique(every.from_us)
    if len(begins) < 5 * LEAST:
        raise SettingsError(f"{len(begins)} stops with a reason are too few: at least {5 * LEAST} are wanted")
    first, second = begins[int(TEACH * len(begins))], begins[int(CHOOSE * len(begins))]
    return (
        every.take(every.from_us < first),
        every.take((every.from_us >= first) & (every.from_us < second)),
        every.take(every.from_us >= second),
    )


def known(teach: Cases) -> dict[str, int]:
    """The reasons that may be learned, with the number of stops behind each; SettingsError below two."""
    names, counts = np.unique(teach.reason[teach.ended], return_counts=True)
    found = {str(name): int(count) for name, count in zip(names, counts, strict=True) if count >= LEAST}
    if len(found) < 2:
        raise SettingsError(f"fewer than two reasons have {LEAST} stops behind them")
    return found


def _candidates() -> dict[str, Any]:
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return {
        "logistic": make_pipeline(
            StandardScaler(), LogisticRegression(C=0.3, max_iter=2_000, random_state=SEED)
        ),
        "boosting": GradientBoostingClassifier(
            n_estimators=25, max_depth=3, learning_rate=0.25, subsample=0.7, min_samples_leaf=10,
            max_leaf_nodes=5, max_features=0.5, random_state=SEED,
        ),
    }  # fmt: skip


def _best(teach: Cases, choose: Cases, known: tuple[str, ...], report: Report) -> tuple[str, Any]:
    """The candidate that gives later stops the best likelihood; small ones, since they ship with the desk."""
    best: tuple[float, str, Any] | None = None
    for number, (name, one) in enumerate(_candidates().items()):
        one.fit(teach.inputs, pooled(teach.reason, known))
        labels = tuple(one.classes_.tolist())
        loss = _loss(one.predict_proba(choose.inputs), labels, pooled(choose.reason, known))
        if best is None or loss < best[0]:
            best = loss, name, one
        report(name, 0.1 + 0.4 * (number + 1))
    assert best is not None  # noqa: S101 - there are candidates
    return best[1], best[2]


def _loss(p: Probabilities, labels: tuple[str, ...], truth: npt.NDArray[np.str_]) -> float:
    """The mean of minus the logarithm of what the truth was given; labels (L,) sorted, a truth without one is
    left out."""
    there = np.isin(truth, labels)
    place = np.searchsorted(np.array(labels), truth[there])
    given = p[there][np.arange(len(place)), place]
    return float(-np.log(np.clip(given, 1e-6, 1.0)).mean())


def calibrated(choose: Cases, labels: tuple[str, ...], p: Probabilities) -> tuple[float, float]:
    """The temperature with the best likelihood, and the limit from which proposals are right often enough."""
    truth = pooled(choose.reason, labels)
    temperature = min(TEMPERATURES, key=lambda one: _loss(cooled(p, one), labels, truth))
    chances = cooled(p, temperature)
    right = np.array(labels)[chances.argmax(axis=1)] == choose.reason
    for limit in LIMITS:
        certain = sure(labels, chances, limit)
        if certain.sum() >= LEAST and right[certain].mean() >= SURE_RIGHT:
            return temperature, limit
    return temperature, NEVER


def _export(model: Any, inputs: npt.NDArray[np.float32], path: Path) -> float:
    """Write ONNX, and return how far it is from the native model; over 1e-4 is an error."""
    from skl2onnx import to_onnx

    written = to_onnx(model, inputs[:1], options={id(model): {"zipmap": False}}, target_opset=17)
    path.write_bytes(written.SerializeToString())
    error = float(np.abs(run(open_session(path), inputs) - model.predict_proba(inputs)).max())
    if error > EXACT:
        raise SettingsError(f"{path.name} differs from the trained model by {error:.2g}")
    return error


def _write(teach: Cases, opened: object, temperature: float, out: Path) -> None:
    chances = cooled(run(opened, teach.inputs), temperature)
    usual = background.chosen(chances, SEED)
    np.savez_compressed(out / BACKGROUND_FILE, background=teach.inputs[usual].astype(np.float16))
    golden = teach.inputs[np.linspace(0, len(teach) - 1, GOLDEN).astype(int)].astype(np.float16)
    answers = cooled(run(opened, golden.astype(np.float32)), temperature)
    np.savez_compressed(out / GOLDEN_FILE, inputs=golden.astype(np.float32), chance=answers)


def _limits(teach: Cases, counts: dict[str, int]) -> tuple[str, ...]:
    rare = sorted(set(teach.reason.tolist()) - set(counts))
    words = f"Too few stops ({LEAST} are wanted) stand behind {', '.join(rare)}: the rules propose these."
    few = words if rare else ""
    said = "It knows the words that people use here; what they book wrongly it learns wrongly."
    simulated = "It learned from simulated machines and never speaks of real ones."
    return tuple(filter(None, (said, few, simulated if teach.simulated.any() else "")))


def _settings(model: Any) -> dict[str, float | int | str]:
    found = model.get_params(deep=True)
    return {key: value for key, value in found.items() if isinstance(value, int | float | str)}


def _note(every: Cases, taught: int) -> DataNote:
    return DataNote(
        source="stops of a plant, with the reasons that people booked or set",
        runs=len(np.unique(every.equipment_id)),
        windows=taught,
        split="by time: three fifths teach, a fifth chooses and calibrates, the last fifth is judged",
        simulated=bool(every.simulated.any()),
    )
