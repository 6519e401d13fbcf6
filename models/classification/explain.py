"""Why a case got its label: SHAP values of the readings, and a sentence built from them."""

from pathlib import Path
from typing import Any

import numpy as np

from domain.errors import SettingsError
from models.card import BACKGROUND_FILE
from models.classification.evaluate import cases
from models.classification.judge import Rule
from models.classification.session import Classifier
from models.classification.table import Floats, Probabilities
from models.counterfactual import brings_down
from models.dataspec import DataSpec
from models.explainer import Attribution, Explainer, Groups

ROUNDS, PRECISION, NAMED = 4, 0.01, 3
LOWER = 0.01  # of a probability: what a reading must bring it down by


def explain(model: Path, data: DataSpec, case: str) -> dict[str, Any]:
    """Probability, base value and a contribution per signal, largest first.

    It explains the probability of the label of interest: with a threshold or two labels the positive
    one, else the label that the case got. SettingsError when the case is not there.
    """
    classifier = Classifier(model)
    card, table = classifier.card, cases(classifier, data)
    if case not in table.ids:
        raise SettingsError(f"--case {case!r}: no such case; the first is {table.ids[0]}")
    raw = table.raw[table.ids.index(case)]
    p = classifier.stated(raw[None])
    label = str(Rule(card.labels, card.positive, card.threshold).decide(p)[0])
    told = card.positive or label
    background = _background(model)
    groups = Groups.of(classifier.kind.channels, card.stretches, 1)
    place = card.labels.index(told)

    def probability(windows: Floats) -> Probabilities:
        return classifier.stated(windows)[:, place]

    explainer = Explainer(probability, groups, background, rounds=ROUNDS, precision=PRECISION)
    found = explainer.explain(raw)
    changed = brings_down(explainer, raw, found, LOWER)
    parts = _contributions(classifier, groups, found, raw, background)
    return {
        "case": case,
        "model": f"{card.name} {card.version}",
        "label": label,
        "explained": told,
        "probability": found.output_value,
        "base_value": found.base_value,
        "additivity_error": found.additivity_error,
        "background": card.background,
        "method": f"SHAP, {found.method}, interventional, on the probability of {told}",
        "text": words(told, found, parts) + _anew(classifier, changed),
        "counterfactual": {"signal": changed[0], "probability": changed[1]} if changed else None,
        "contributions": parts,
    }


def _background(model: Path) -> Floats:
    path = model / BACKGROUND_FILE
    if not path.is_file():
        raise SettingsError(f"no model in {model}: {BACKGROUND_FILE} is missing")
    with np.load(path, allow_pickle=False) as archive:
        return np.asarray(archive["background"], dtype=np.float32)


def _contributions(
    classifier: Classifier, groups: Groups, found: Attribution, raw: Floats, background: Floats
) -> list[dict[str, Any]]:
    rows = []
    for place in np.argsort(-np.abs(found.values), kind="stable").tolist():
        signal = groups.names[place][0]
        column = classifier.kind.channels.index(signal)
        rows.append(
            {
                "signal": signal,
                "reading": classifier.kind.columns[column],
                "value": float(found.values[place]),
                "observed": float(raw[:, column].mean()),
                "usual": float(np.median(background[..., column])),
            }
        )
    return rows


def _anew(classifier: Classifier, changed: tuple[str, float] | None) -> str:
    if changed is None:
        return " No single reading that were as usual would lower it in every case."
    reading = classifier.kind.columns[classifier.kind.channels.index(changed[0])]
    return f" With {reading} as usual, the model gives {100 * changed[1]:.0f} %, computed anew."


def words(label: str, found: Attribution, parts: list[dict[str, Any]]) -> str:
    """A sentence that a shift lead reads; it says what contributed, never what caused."""
    told = [part for part in parts if abs(part["value"]) >= 0.005][:NAMED]
    said = "; ".join(
        f"{part['reading']} at {part['observed']:.4g} (usual {part['usual']:.4g}) contributed "
        f"{100 * part['value']:+.0f} points"
        for part in told
    )
    share = f"The probability of {label!r} is {100 * found.output_value:.0f} %, usual is "
    return f"{share}{100 * found.base_value:.0f} %. " + (f"{said}." if said else "No reading stands out.")
