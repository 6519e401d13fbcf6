"""Runs an approved proposal: the champion's chances calibrated on the plant's own truth, or trained anew.

What comes out is a challenger: it stands in the shadow, and its gates decide. The days that it learned
from are never shown to the gates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.store import model_watch as store
from data.store import predictions, registry
from data.store.database import Database
from domain.clock import DAY, SECOND
from domain.errors import NotNow
from models.failure import recalibrate
from models.registry import LoadedModel, load
from services.registry.admission import admit
from services.registry.shadowing import look_back
from services.situation import site_at
from services.watching.truth import told

Progress = Callable[[float], None]
Train = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class Retrained:
    """The new version, what it was made of, and how many predictions it made in the shadow of past days."""

    name: str
    version: str
    how: str
    figures: dict[str, float]
    predictions: int


def approved(database: Database, site_id: str, name: str, anyway: str) -> dict[str, Any] | None:
    """The approved proposal, or None with a reason to go without; NotNow without either."""
    with database.read() as tx:
        row = store.open_proposal(tx, site_id, name)
    if row is not None and row["state"] == "approved":
        return row
    if anyway:
        return None
    waiting = "waits for a signature on Predict, Model watch" if row else "there is none"
    raise NotNow(f"training {name} anew needs an approved proposal; {waiting}")


def calibrate(
    database: Database, site_id: str, name: str, keep: Path, reason: str, step: Progress
) -> Retrained:
    """Calibrate the champion's chances on what came at this site, and put it into the shadow."""
    with database.read() as tx:
        site, champion = site_at(tx, site_id), registry.champion(tx, name)
        if champion is None:
            raise NotNow(f"there is no champion {name!r}")
        parent = load(Path(champion["path"]))
        units = [(unit, unit) for unit, _ in predictions.units(tx, parent.card.window.groups, site_id)]
        horizon_us = parent.card.horizon_s * SECOND
        cases, *_ = told(tx, units, (name, champion["version"]), site.now_us, horizon_us)
    found = recalibrate.fit(cases)
    building = keep / f"building-{name}"
    recalibrate.write(parent.folder, building, found, f"the site {site_id}")
    model = admit(database, building, keep, load, reason)
    figures = {
        "slope": found.slope, "offset": found.offset, "cases learned": float(found.learned),
        "cases judged": float(found.judged), "brier before": found.brier_before,
        "brier after": found.brier_after,
    }  # fmt: skip
    unseen = (site.now_us - found.until_us - horizon_us) / DAY
    return _shadowed(database, model, "calibrated", figures, max(0.0, unseen), step)


def train(database: Database, keep: Path, work: Train, reason: str) -> Retrained:
    """Train the whole model anew by `work(out)`, and put it into the shadow."""
    building = keep / "building-failure"
    work(building)
    model = admit(database, building, keep, load, reason)
    return _shadowed(database, model, "trained anew", {}, 0.0, lambda _share: None)


def done(database: Database, proposal: dict[str, Any] | None, version: str) -> None:
    """Close the proposal that led to it."""
    if proposal is not None:
        values = {"state": "done", "open_key": None, "new_version": version}
        with database.write() as tx:
            store.change_proposal(tx, proposal["proposal_id"], "approved", values)


def _shadowed(
    database: Database, model: LoadedModel, how: str, figures: dict[str, float], days: float, step: Progress
) -> Retrained:
    said = look_back(database, model, days, step).predictions if days else 0
    return Retrained(model.card.name, model.card.version, how, figures, said)
