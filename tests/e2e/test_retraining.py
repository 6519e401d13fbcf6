"""`python -m runtime retrain` itself, from the proposal in the inbox to the roll-back, on a small model.

Sixteen machines over twelve days. Their sensors rise before they fail, and at times without a failure; the
model sees that, but takes the calm days for seven times as risky as they are.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert, select, update

from auth.permissions import Role
from data.store import cases, history, registry
from data.store import tables as t
from data.store.database import Database
from data.store.equipment import register_metrics
from domain.clock import DAY, HOUR, MINUTE, wall_us
from domain.errors import NotNow
from domain.model_gates import GATES
from domain.telemetry import METRICS, MachineState
from services.commands.models import ModelCommands
from services.queries.training import training_of
from services.score.run import score_range
from services.watching.looking import look_due
from tests import factories as f
from tests.kits.pen import TYPED, SigningCommands
from tests.services.score.plant import GAUGES, SITE, START_US, add_site, add_state, served, unit_id

ROOT = Path(__file__).resolve().parents[2]
UNITS, DAYS = range(11, 27), 12
NOW = START_US + DAYS * DAY
EVERY_US, RISES_US, RISES_BY = 15 * MINUTE, 26 * HOUR, 0.6


def failures(number: int) -> list[int]:
    """When a machine failed: at noon of every eighth day."""
    return [START_US + day * DAY + 12 * HOUR for day in range(2 + number % 8, DAYS, 8)]


@pytest.fixture
def plant(database: Database, tmp_path: Path) -> Database:
    """The site with what its sensors said, what failed, and what its champion said of each day."""
    add_site(database, UNITS)
    with database.write() as tx:
        tx.execute(update(t.clocks).values(origin_plant_us=NOW, origin_wall_us=wall_us(), speed=1e-6))
    for number in UNITS:
        live(database, number)
    champion = served(database, tmp_path / "one", threshold=0.99, test={"recall_at_rate": 0.8})
    score_range(database, champion, START_US, NOW, site_id=SITE, consider=False)
    return database


def live(database: Database, number: int) -> None:
    """One machine's readings and repairs."""
    rng, times = np.random.default_rng(number), np.arange(START_US, NOW, EVERY_US)
    lift = np.zeros(len(times))
    for end_us in failures(number):
        lift[(times >= end_us - RISES_US) & (times < end_us)] = RISES_BY
    with database.write() as tx:
        ids = register_metrics(tx, unit_id(number), [METRICS[name] for name in GAUGES])
        for name in GAUGES:
            usual = 20 if name == "temperature" else 10  # the hall is at 10
            values = usual + lift * (name != "ambient_temperature") + rng.normal(0, 0.3, len(times))
            rows = [(ids[name], int(at), float(v), 192, int(at)) for at, v in zip(times, values, strict=True)]
            history.store_readings(tx, rows)
            history.store_latest(tx, rows[-1:])
        for end_us in failures(number):
            tx.execute(insert(t.maintenance).values(**repaired(number, end_us)))
    add_state(database, number, START_US, MachineState.EXECUTE)


def repaired(number: int, at_us: int) -> dict[str, object]:
    """The repair that tells a failure."""
    return {
        "instance": "line-1", "maintenance_id": f"m{number}-{at_us}", "equipment_id": unit_id(number),
        "kind": "corrective", "status": "done", "planned_us": at_us, "start_us": at_us,
        "end_us": at_us + HOUR, "updated_us": at_us + HOUR,
    }  # fmt: skip


@pytest.fixture
def command(database: Database, tmp_path: Path) -> Callable[..., tuple[int, Any]]:
    """Runs a command of the desk as people type it; returns its exit code and its JSON (or its last line)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAKTWISE_")}
    mine = {
        "TAKTWISE_VAR_DIR": str(tmp_path), "TAKTWISE_DATABASE_URL": f"sqlite:///{tmp_path / 'taktwise.db'}",
        "TAKTWISE_SITE": SITE, "TAKTWISE_FAILURE_MODEL": str(tmp_path / "one"),
    }  # fmt: skip

    def run(*words: str) -> tuple[int, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "runtime", *words],
            check=False, cwd=ROOT, env={**kept, **mine}, capture_output=True, text=True,
        )  # fmt: skip
        last = (done.stderr.strip().splitlines() or [""])[-1]
        return done.returncode, json.loads(done.stdout) if done.stdout else last

    return run


def stages(database: Database) -> dict[str, str]:
    """Where each version stands."""
    with database.read() as tx:
        return {version: stage for (_, version), stage in registry.stages(tx).items()}


def test_a_model_is_proposed_trained_judged_promoted_and_taken_back(plant, command) -> None:
    with plant.write() as tx:
        mia = f.account(tx, "mia", [Role.PLANT_MANAGER], (SITE,))
    assert look_due(plant) == 1
    with plant.read() as tx:
        (case,) = cases.open_for(tx, SITE)
    assert (case["kind"], case["title"]) == ("retraining", "Train the tiny model anew")
    assert "failures were stated on average" in case["evidence"]
    code, said = command("retrain", "--json")
    assert code != 0 and "waits for a decision in the inbox" in said
    SigningCommands(plant).approve(mia, case["case_id"], case["version"], "act-00001")

    code, made = command("retrain", "--json")
    assert code == 0, made
    new = made["version"]
    assert made["how"] == "calibrated" and made["brier after"] < made["brier before"]
    assert made["predictions in the shadow"] > 500 and stages(plant) == {"1": "champion", new: "shadow"}
    with plant.read() as tx:
        after = cases.get(tx, case["case_id"])
        told = training_of(tx, after)
    assert after["state"] == "done" and told.challenger == new and told.stage == "shadow"
    code, said = command("retrain", "--json")
    assert code != 0 and "there is none" in said  # one approval, one training

    desk = ModelCommands(plant)
    with pytest.raises(NotNow, match="its gates have not been judged yet"):
        desk.promote(mia, SITE, "tiny", new, "it states what comes", TYPED)
    code, gates = command("models", "gates", "tiny", new, "--json")
    assert code == 0, gates
    assert {row["gate"]: row["state"] for row in gates} == dict.fromkeys(GATES, "passed")
    truth = next(row for row in gates if row["gate"] == "truth")
    assert truth["challenger"] < truth["champion"]
    desk.promote(mia, SITE, "tiny", new, "it states what comes", TYPED)
    assert stages(plant) == {"1": "retired", new: "champion"}
    desk.roll_back(mia, SITE, "tiny", "a second look", TYPED)
    assert stages(plant) == {"1": "champion", new: "retired"}
    with plant.read() as tx:
        e = t.model_events.c
        rows = tx.execute(select(e.kind, e.printed_name, e.record_hash).order_by(e.event_id)).all()
    assert [row.kind for row in rows] == ["registered", "admitted", "promoted", "rolled back"]
    assert all(row.printed_name == "Mia" and row.record_hash for row in rows[2:])
