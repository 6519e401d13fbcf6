"""Judges a vision model on pictures that it never saw; on its own lessons it repeats what its card says."""

from pathlib import Path

import numpy as np

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.vision.figures import calibration_error
from models.vision.kinds import gallery
from models.vision.session import Inspector, taught

Figures = dict[str, float | str]


def evaluate(model: Path, data: DataSpec) -> Figures:
    """Accuracy, macro F1, calibration, and how many are said to be unknown; SettingsError without truth.

    `accuracy` is of the likeliest label; `accuracy_as_labelled` of what `predict` writes, where a known
    picture that is called unknown counts as wrong.
    """
    inspector = Inspector(model)
    found = gallery(inspector.kind, data)
    found = found.take(found.truth != "")
    if len(found) == 0:
        raise SettingsError("these pictures lie in no label's folder: no truth to judge by")
    labels = inspector.card.labels
    labelled: list[str] = []
    p, unknown, own = [], [], []
    for pixels in found.pixels(inspector.camera):
        seen = inspector.see(pixels)
        p.append(seen.probability)
        unknown.append(inspector.unknown(seen))
        own.append(taught(model, pixels))
        labelled += inspector.said(seen)
    new = ~np.concatenate(own)
    if new.mean() < 0.5:
        note = "the parts held out in training: the model was taught these pictures"
        return {"protocol": note, **inspector.card.validation}
    chances, strange = np.concatenate(p)[new], np.concatenate(unknown)[new]
    truth = np.array([labels.index(label) for label in found.truth[new]])
    said = chances.argmax(axis=1)
    out: Figures = {
        "protocol": "pictures that the model never saw",
        "pictures": float(len(truth)),
        "taught": float((~new).sum()),
        "accuracy": float((said == truth).mean()),
        "wrong": float((said != truth).sum()),
        "macro_f1": float(np.mean([_f1(truth == k, said == k) for k in np.unique(truth)])),
        "calibration_error": calibration_error(chances, truth),
        "said_unknown": float(strange.mean()),
        "accuracy_as_labelled": float((np.array(labelled)[new] == found.truth[new]).mean()),
    }
    sure = ~strange & (chances.max(axis=1) >= inspector.card.sure_from)
    out["sure"] = float(sure.mean())
    if sure.any():
        out["accuracy_where_sure"] = float((said == truth)[sure].mean())
    return out


def _f1(truth: np.ndarray, said: np.ndarray) -> float:
    total = float(truth.sum() + said.sum())
    return 2 * float((truth & said).sum()) / total if total else 0.0
