"""Past predictions computed again from their windows and model versions: the same, or a finding.

The window is the stored one, or where only its hash was kept the one that the readings still give;
either way its hash must be the hash that was stored with the prediction. The model is the version
that made it, from the folder that it was registered with, and its file must have the registered hash.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from data.store import predictions as store
from data.store import recomputations as kept
from data.store.database import Database
from domain.clock import wall_us
from domain.errors import NotFound, NotNow, TaktwiseError, Tampered
from domain.prediction import PredictionStatus
from domain.sending import version_of
from models.registry import LoadedModel
from services.score.inputs import Floats, Unit
from services.score.judge import window_from, window_hash
from services.score.run import Served
from services.score.serving import ready

TOLERANCE = 1e-5
LIMIT = 4
FIGURES = ("probability", "rul", "rul_low", "rul_high")
CHANGED = "the readings behind this prediction have changed since: late values arrived"
SENT_OTHERWISE = "the machine's metrics are sent with another deadband or sampling since"
NO_WINDOW = "the data it saw are no longer kept"
SPOILED = "the window stored with this prediction is not the one that was scored"
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Recomputed:
    """The figures of now, (probability, rul, rul_low, rul_high), and how far they are from then.

    `difference` is the largest |now - then| / max(1, |then|); `same` holds up to TOLERANCE.
    `window` says where the input came from: stored, or readings.
    """

    figures: tuple[float, float, float, float]
    difference: float
    window: str

    @property
    def same(self) -> bool:
        """Whether the prediction is what its window and its model give."""
        return self.difference <= TOLERANCE


class Models:
    """Models by name and version: those at work, and older ones read from where they were registered."""

    def __init__(self, served: Sequence[Served], load: Callable[[Path], LoadedModel]) -> None:
        self._ready = {one.judge.key: one for one in served}
        self._load = load

    def of(self, tx: Connection, key: Key) -> Served:
        """The model, checked against what was registered. NotNow when it is gone; Tampered when changed."""
        registered = store.model_version(tx, key)
        if registered is None:
            raise NotNow(f"the model {key[0]} {key[1]} is not registered here")
        if key not in self._ready:
            self._ready[key] = ready(self._read(key, Path(registered.path)))
        if self._ready[key].judge.model.card.sha256 != registered.sha256:
            raise Tampered(f"the file of the model {key[0]} {key[1]} is not the one that was registered")
        return self._ready[key]

    def _read(self, key: Key, folder: Path) -> LoadedModel:
        if not folder.is_dir():
            raise NotNow(f"the model {key[0]} {key[1]} is no longer in {folder}")
        model = self._load(folder)
        found = (model.card.name, model.card.version)
        if found != key:
            raise NotNow(f"{folder} now holds {' '.join(found)}, not {' '.join(key)}")
        return model


def recompute(tx: Connection, models: Models, prediction: dict[str, Any]) -> Recomputed:
    """Compute a stored prediction (its row) again.

    NotNow when it never had a figure, or when its data or its model are gone; Tampered when the
    stored window or the model's file is not what it was.
    """
    if prediction["status"] != PredictionStatus.SCORED.value:
        raise NotNow(f"it gave no figure: {prediction['reason']}")
    served = models.of(tx, (prediction["model_name"], prediction["model_version"]))
    window, source = window_of(tx, served, prediction)
    scores = served.judge.model.scorer.score(window[None])
    low, middle, high = scores.rul[0].tolist()
    now = (float(scores.probability[0]), middle, low, high)
    then = [float(prediction[name]) for name in FIGURES]
    far = max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(now, then, strict=True))
    return Recomputed(now, far, source)


def window_of(tx: Connection, served: Served, prediction: dict[str, Any]) -> tuple[Floats, str]:
    """The window that was scored, and where it comes from: stored, or readings."""
    kept_window = store.window_of(tx, prediction["prediction_id"])
    if kept_window is not None:
        window = window_from(*kept_window)
        if window_hash(window) != prediction["window_hash"]:
            raise Tampered(SPOILED)
        return window, "stored"
    unit = store.unit(tx, prediction["equipment_id"])
    if unit is None:
        raise NotNow("the machine is not known any more")
    built = served.inputs.build(tx, Unit(*unit), [prediction["at_us"]])[0]
    rebuilt = built.window
    if rebuilt is None:
        raise NotNow(NO_WINDOW)
    if version_of(served.judge.model.card.feature_version, built.sent) != prediction["feature_version"]:
        raise NotNow(SENT_OTHERWISE)
    if window_hash(rebuilt) != prediction["window_hash"]:
        raise NotNow(CHANGED)
    return rebuilt, "readings"


def answer(database: Database, models: Models) -> int:
    """Compute up to LIMIT predictions that somebody asked for, oldest request first; returns how many.

    Two workers may compute the same one; only the first is stored.
    """
    with database.read() as tx:
        waiting = kept.waiting(tx, LIMIT)
    for row in waiting:
        result = outcome(database, models, row)
        with database.write() as tx:
            kept.finish(tx, row["prediction_id"], result)
    return len(waiting)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of many found: a row per prediction, as `outcome` gives it, with its id."""

    rows: tuple[dict[str, Any], ...]

    @property
    def other(self) -> int:
        """How many came out otherwise than they were stored."""
        return sum(row["state"] == "other" for row in self.rows)

    def counts(self) -> dict[str, Any]:
        """The sum of it."""
        far = max((row["difference"] for row in self.rows if "difference" in row), default=0.0)
        return {
            "predictions": len(self.rows),
            "same": sum(row["state"] == "same" for row in self.rows),
            "other": self.other,
            "not possible": sum(row["state"] == "failed" for row in self.rows),
            "largest difference": far,
            "allowed": TOLERANCE,
        }

    def document(self) -> dict[str, Any]:
        """The sum, and every row that is not the same."""
        return {**self.counts(), "rows": [row for row in self.rows if row["state"] != "same"]}


def check(
    database: Database, models: Models, prediction_id: str, newest: int, progress: Callable[[float], None]
) -> Checked:
    """Compute one prediction again, or the newest ones that gave a figure. NotFound for an unknown id."""
    with database.read() as tx:
        wanted = store.some(tx, prediction_id, newest)
    if prediction_id and not wanted:
        raise NotFound(f"no prediction {prediction_id!r}")
    rows = []
    for place, row in enumerate(wanted):
        rows.append({"prediction_id": row["prediction_id"], **outcome(database, models, row)})
        progress((place + 1) / len(wanted))
    return Checked(tuple(rows))


def outcome(database: Database, models: Models, prediction: dict[str, Any]) -> dict[str, Any]:
    """What is stored of one attempt: state `same`, `other` or `failed`, with the figures or the reason."""
    try:
        with database.read() as tx:
            found = recompute(tx, models, prediction)
    except TaktwiseError as error:
        return {"state": "failed", "detail": str(error), "done_wall_us": wall_us()}
    return {
        "state": "same" if found.same else "other",
        "detail": found.window,
        "difference": found.difference,
        **dict(zip(FIGURES, found.figures, strict=True)),
        "done_wall_us": wall_us(),
    }
