"""Runs an approved case: the champion's chances calibrated on the plant's own truth, or trained anew.

What comes out is a challenger: it stands in the shadow, and its gates decide. The days that it learned
from are never shown to the gates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from data.store import cases, predictions, registry, stops
from data.store import model_watch as store
from data.store.database import Database
from domain.clock import DAY, HOUR, SECOND, utc, wall_us
from domain.errors import NotFound, NotNow, Tampered
from domain.messages import CommandState
from models.failure import recalibrate
from models.registry import LoadedModel, load
from services import audit
from services.receipts import settle
from services.registry.admission import admit
from services.registry.shadowing import look_back
from services.situation import site_at
from services.watching.truth import told

LONGEST_US = 3 * HOUR  # a training that says nothing for so long has died: it may be taken up again
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


@dataclass(frozen=True, slots=True)
class Order:
    """An approved training. Without a case it was approved before proposals were cases."""

    proposal_id: str
    case_id: str
    command_id: str
    reason: str


def approved(database: Database, site_id: str, name: str, anyway: str) -> Order | None:
    """Take up the approved case, which is then running; None with a reason to go without.

    NotNow without either, while the model is stopped, or while the same training runs already.
    """
    with database.write() as tx:
        if stops.stopped(tx, site_id, name, hold=True):
            raise NotNow(f"{name} is stopped; nothing is trained until it is let go on")
        case = store.open_case(tx, site_id, name)
        order = None if case is None else _take(tx, case)
        before = None if case else store.approved_before(tx, site_id, name)
    if order is not None:
        return order
    if before is not None:
        return Order(before["proposal_id"], "", "", before["reason"])
    if anyway:
        return None
    waiting = "its case waits for a decision in the inbox" if case else "there is none"
    raise NotNow(f"training {name} anew needs an approved case; {waiting}")


def _take(tx: Connection, case: dict[str, Any]) -> Order | None:
    """The queued training of a case, set running; None while nobody has approved it."""
    (row,) = cases.commands_of(tx, case["case_id"])
    state, since_us = row["state"], row["changed_wall_us"]
    if state == CommandState.SENT and wall_us() - since_us < LONGEST_US:
        raise NotNow(f"this training runs since {utc(since_us):%H:%M} UTC; case {case['number']}")
    if state not in (CommandState.QUEUED, CommandState.SENT):
        return None
    behind = store.of_case(tx, case["case_id"]) or {}
    _moved(tx, case["case_id"], row["command_id"], CommandState.SENT, "training runs", "training began")
    reason = f"case {case['number']} approved"
    return Order(str(behind.get("proposal_id", "")), case["case_id"], row["command_id"], reason)


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


def done(database: Database, order: Order | None, version: str) -> None:
    """Say in the case what came out."""
    if order is None:
        return
    with database.write() as tx:
        closed = {} if order.case_id else {"state": "done", "open_key": None}
        store.change_proposal(tx, order.proposal_id, {"new_version": version} | closed)
        if order.case_id:
            words = f"became the challenger {version}; it stands in the shadow, and its gates decide"
            _moved(tx, order.case_id, order.command_id, CommandState.DONE, words, "a challenger was made")


def failed(database: Database, order: Order | None, error: BaseException) -> None:
    """Say in the case that nothing came out: refused, and by what; else it waits to be run again."""
    if order is None or not order.case_id:
        return
    refused = isinstance(error, NotNow | Tampered)
    state = CommandState.REFUSED if refused else CommandState.QUEUED
    by = "the gate file" if isinstance(error, Tampered) else "the training"
    words = f"refused by {by}: {error}" if refused else "broken off; it waits to be run again"
    with database.write() as tx:
        action = "training was refused" if refused else "training was broken off"
        _moved(tx, order.case_id, order.command_id, state, words, action)


def _moved(
    tx: Connection, case_id: str, command_id: str, state: CommandState, words: str, action: str
) -> None:
    case = cases.hold(tx, case_id)
    if case is None:
        raise NotFound("no such case")
    site = site_at(tx, case["site_id"])
    cases.set_command(tx, command_id, state.value, wall_us(), words)
    audit.of_case(tx, case_id, action, site.now_us, {"text": words})
    settle(tx, case_id, site)


def _shadowed(
    database: Database, model: LoadedModel, how: str, figures: dict[str, float], days: float, step: Progress
) -> Retrained:
    said = look_back(database, model, days, step).predictions if days else 0
    return Retrained(model.card.name, model.card.version, how, figures, said)
