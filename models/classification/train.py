"""Trains a classifier: cross-validated over three seeds, then fitted on every case and exported."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from domain.errors import SettingsError
from models.card import BACKGROUND_FILE, GOLDEN_FILE, MODEL_FILE, file_hash, write_card
from models.classification import background, known, recipes, seen, session
from models.classification.card import SEEN_FILE, Card
from models.classification.folds import Problem, Report, choose, spread
from models.classification.judge import Rule
from models.classification.kinds import KINDS, Kind
from models.classification.table import Table
from models.dataspec import DataSpec
from models.session import open_session

GOLDEN = 32
EXACT = 1e-5


def _silent(_text: str, _share: float) -> None:
    return None


def problem_of(kind: Kind, table: Table) -> tuple[Problem, Table]:
    """The cases whose truth is known; SettingsError with fewer than two labels, or a label of one case."""
    truth = table.truth()
    known = table.take(truth != "")
    truth = known.truth()
    labels, counts = np.unique(truth, return_counts=True)
    if len(labels) < 2 or counts.min() < 2:
        raise SettingsError("training needs two labels, and two cases of each")
    return Problem(kind, kind.features(known.raw), truth, tuple(labels.tolist())), known


def train(data: DataSpec, out: Path, report: Report = _silent) -> dict[str, float]:
    """Train on the cases of `data`, write the folder `out`, return the figures of cross-validation.

    Each seed draws folds of its own; the card keeps the mean and the standard deviation over the seeds.
    """
    began = time.monotonic()
    import skl2onnx  # noqa: F401 - before an hour of work is spent

    kind = KINDS[data.kind]
    file, target = kind.file_and_target(data.subset)
    problem, table = problem_of(kind, kind.read(DataSpec(data.kind, data.folder, file), target))
    found, _ = spread(problem, kind.candidates, lambda text, share: report(text, 0.9 * share))
    places = np.arange(len(table))
    report("fitting on every case", 0.9)
    name, rule = choose(problem, kind.candidates, recipes.SEEDS[0], places)
    out.mkdir(parents=True, exist_ok=True)
    fitted = problem.fit(name, recipes.SEEDS[0], places)
    found["onnx_error"] = export(problem, fitted, out / MODEL_FILE)
    peers = {}
    for peer in set(kind.peers) - recipes.NOT_WRITTEN:
        export(problem, problem.fit(peer, recipes.SEEDS[0], places), out / f"peer_{peer}.onnx")
        peers[peer] = file_hash(out / f"peer_{peer}.onnx")
    _write_cases(problem, table, out)
    write_card(out, _card(problem, table, target, name, rule, found, peers, began, out))
    return found


def export(problem: Problem, model: Any, path: Path) -> float:
    """Write ONNX, and return how far it is from the native model; over 1e-5 is an error."""
    from skl2onnx import to_onnx

    rows = problem.inputs.reshape(-1, problem.inputs.shape[-1])
    written = to_onnx(model, rows[:1], options={id(model): {"zipmap": False}}, target_opset=17)
    path.write_bytes(written.SerializeToString())
    found = session.probabilities(open_session(path), problem.inputs)
    error = float(np.abs(found - problem.probabilities(model, np.arange(len(problem.truth)))).max())
    if error > EXACT:
        raise SettingsError(f"{path.name} differs from the trained model by {error:.2g}")
    return error


def _write_cases(problem: Problem, table: Table, out: Path) -> None:
    opened = open_session(out / MODEL_FILE)
    usual = background.chosen(session.probabilities(opened, problem.inputs), recipes.SEEDS[0])
    np.savez_compressed(out / BACKGROUND_FILE, background=table.raw[usual])
    np.savez_compressed(out / SEEN_FILE, cases=seen.digests(table.raw))
    golden = table.raw[np.linspace(0, len(table) - 1, min(GOLDEN, len(table))).astype(int)]
    answers = session.probabilities(opened, problem.kind.features(golden))
    np.savez_compressed(out / GOLDEN_FILE, raw=golden, probability=answers)


def _card(
    problem: Problem,
    table: Table,
    target: str,
    name: str,
    rule: Rule,
    found: dict[str, float],
    peers: dict[str, str],
    began: float,
    out: Path,
) -> Card:
    kind, now, digest = problem.kind, datetime.now(UTC), file_hash(out / MODEL_FILE)
    chosen = rule.threshold is not None
    return Card(
        name=f"{kind.name}_{target}",
        version=f"{now:%Y%m%d}-{digest[:8]}",
        created=now.isoformat(timespec="seconds"),
        intended_use=f"Says the {target} of a case: {', '.join(problem.labels)}.",
        limits=kind.limits,
        licence=kind.licence,
        command=f"python -m runtime train classification --data {kind.name}:DIR:{target} --out MODEL",
        seeds=recipes.SEEDS,
        seconds=round(time.monotonic() - began, 1),
        settings=recipes.settings(name),
        feature_version=kind.version,
        threshold_rule="best F1 on cases held out of training" if chosen else "the likeliest label",
        validation=found,
        test={},
        background=f"{min(background.COUNT, len(table))} training cases with the mean probabilities of all",
        sha256=digest,
        kind=kind.name,
        target=target,
        source=kind.source,
        cases=len(table),
        labels=problem.labels,
        positive=problem.positive,
        threshold=rule.threshold,
        stretches=table.raw.shape[1],
        ranges=known.ranges(kind.columns, table.raw),
        usual=tuple(float((problem.truth == label).mean()) for label in problem.labels),
        served=name,
        peers=peers,
    )
