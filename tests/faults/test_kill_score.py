"""kill -9 of the scoring worker under load: no prediction is lost, doubled or half."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, MINUTE, Clock, wall_us
from services import clocks
from tests.services.score.plant import SITE, START_US, add_readings, add_site, served

UNITS = [11, 12, 13, 14]
LEAST = 32  # half hours for each machine, so that there was a load
KILLS = 5
STRETCH = LEAST // KILLS + 2  # half hours that come at once before each kill
HALF = 30 * MINUTE
STILL = 1e-3  # plant seconds per second
FROM_US = START_US + 2 * DAY


def fill(database: Database) -> None:
    """Five days of four machines, each bad for half of the time."""
    add_site(database, UNITS)
    for number in UNITS:
        for day in range(10):
            first = START_US + day * DAY // 2
            lift = 8.0 if day % 2 and day > 2 else 0.0
            add_readings(database, number, first, first + DAY // 2, lift=lift, running=day == 0)


def start(database: Database, folder: Path, tmp_path: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "TAKTWISE_VAR_DIR": str(tmp_path),
        "TAKTWISE_DATABASE_URL": database.url,
        "TAKTWISE_FAILURE_MODEL": str(folder),
        "TAKTWISE_CMAPSS_MODEL": str(tmp_path / "none"),
        "PYTHONFAULTHANDLER": "1",
    }
    with (tmp_path / "score.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "runtime", "score"], env=environment, stderr=log)


def count(database: Database, table, *where) -> int:
    with database.read() as tx:
        return int(tx.execute(select(func.count()).select_from(table).where(*where)).scalar_one())


def wait_for(what, seconds: float, tmp_path: Path) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, (tmp_path / "score.log").read_text()[-3_000:]
        time.sleep(0.02)


def ask_for_some(database: Database) -> None:
    """Ask for the explanation of a few calm predictions."""
    p, r = t.predictions.c, t.explain_requests.c
    asked = select(r.prediction_id)
    with database.write() as tx:
        query = select(p.prediction_id).where(~p.above_threshold, p.prediction_id.not_in(asked))
        for found in tx.execute(query.where(p.status == "scored").limit(5)).scalars().all():
            row = {"prediction_id": found, "requested_by": "a", "requested_wall_us": wall_us()}
            tx.execute(insert(t.explain_requests).values(**row, state="waiting", detail=""))


@pytest.mark.slow
def test_kill_9_under_load(database: Database, tmp_path: Path):
    fill(database)
    folder = served(database, tmp_path / "model").judge.model.folder
    with database.write() as tx:
        clocks.write(tx, SITE, Clock(FROM_US, wall_us(), STILL))
    chance = random.Random(3)
    process = start(database, folder, tmp_path)
    try:
        for _ in range(KILLS):
            before = count(database, t.predictions)
            go_on(database)
            wait_for(lambda many=before: count(database, t.predictions) > many, 240, tmp_path)
            ask_for_some(database)
            time.sleep(chance.uniform(0.0, 0.6))
            process.send_signal(signal.SIGKILL)
            process.wait()
            check_whole(database)
            process = start(database, folder, tmp_path)
        end_us = go_on(database)
        wait_for(lambda: last_at(database) == [end_us] * len(UNITS), 240, tmp_path)
        assert count(database, t.predictions) > LEAST * len(UNITS)
        wait_for(lambda: count(database, t.to_consider, t.to_consider.c.attempts == 0) == 0, 240, tmp_path)
        waiting = t.explain_requests.c.state == "waiting"
        wait_for(lambda: count(database, t.explain_requests, waiting) == 0, 240, tmp_path)
        wait_for(lambda: json.loads(heartbeat(database))["to_consider"] == 0, 240, tmp_path)
        check_it_ends(process, tmp_path)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
    check_whole(database)
    check_none_lost(database, end_us)
    assert count(database, t.explain_requests, t.explain_requests.c.state == "done") >= KILLS
    assert count(database, t.to_consider) == 0


def check_it_ends(process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """Ends at SIGTERM; if not, the message shows where each thread stands."""
    process.send_signal(signal.SIGTERM)
    try:
        assert process.wait(60) == 0
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        process.wait()
        raise AssertionError((tmp_path / "score.log").read_text()[-6_000:]) from None


def go_on(database: Database) -> int:
    """Let STRETCH half hours pass at once, on every machine; returns the last that is to be scored.

    The test moves the plant's clock, so that a slow machine never runs past what there is to read.
    """
    with database.write() as tx:
        then = clocks.read(tx, SITE).plant_us() // HALF * HALF + STRETCH * HALF
        clocks.write(tx, SITE, Clock(then + MINUTE, wall_us(), STILL))
    return then


def last_at(database: Database) -> list[int]:
    p = t.predictions.c
    with database.read() as tx:
        query = select(func.max(p.at_us)).group_by(p.equipment_id).order_by(p.equipment_id)
        return list(tx.execute(query).scalars())


def heartbeat(database: Database) -> str:
    with database.read() as tx:
        return tx.execute(select(t.workers.c.detail).where(t.workers.c.name == "score")).scalar_one()


def check_whole(database: Database) -> None:
    """Every prediction above the threshold has its window and an explanation that adds up."""
    p, e, c, w = t.predictions.c, t.explanations.c, t.contributions.c, t.windows.c
    with database.read() as tx:
        above = {
            row[0]: row[1]
            for row in tx.execute(select(p.prediction_id, p.probability).where(p.above_threshold))
        }
        bases = dict(tx.execute(select(e.prediction_id, e.base_value)).all())
        sums = dict(tx.execute(select(c.prediction_id, func.sum(c.value)).group_by(c.prediction_id)).all())
        kept = set(tx.execute(select(w.prediction_id)).scalars())
    assert set(bases) == set(sums)
    for prediction_id, probability in above.items():
        assert prediction_id in kept
        assert bases[prediction_id] + sums[prediction_id] == pytest.approx(probability, abs=1e-6)


def check_none_lost(database: Database, end_us: int) -> None:
    """Each machine has one prediction for every half hour from its first to its last."""
    p = t.predictions.c
    with database.read() as tx:
        rows = tx.execute(select(p.equipment_id, p.at_us).order_by(p.equipment_id, p.at_us)).all()
    by_unit: dict[str, list[int]] = {}
    for equipment_id, at_us in rows:
        by_unit.setdefault(equipment_id, []).append(at_us)
    assert len(by_unit) == len(UNITS)
    for times in by_unit.values():
        assert times == list(range(times[0], end_us + 1, HALF))
        assert len(times) >= LEAST
