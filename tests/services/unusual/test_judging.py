"""What is unusual: since when and in which signals; what says nothing, and why."""

import json

import numpy as np
import pytest
from sqlalchemy import func, select

from data.store import oddities as store
from data.store import stops
from data.store import tables as t
from domain.clock import DAY, wall_us
from domain.oddity import CALM
from models.anomaly.machines.watcher import Watcher
from services.registry.folders import register
from services.score.origin import ELSEWHERE
from services.unusual.judging import watch_due, watch_range
from tests import factories as f
from tests.services.unusual.plant import MODEL, STEP, Windows, healthy, shaking

NOW = f.NOW // STEP * STEP


@pytest.fixture(scope="module")
def watcher() -> Watcher:
    return Watcher(MODEL)


@pytest.fixture
def plant(database, watcher):
    with database.write() as tx:
        f.site(tx)
        f.machine(tx)
        tx.execute(t.sites.update().values(virtual=True))
    register(database, watcher)
    return database


def state(database, watcher, unit=f.CNC):
    with database.read() as tx:
        return store.states(tx, (watcher.card.name, watcher.card.version), [unit])[unit]


def count(database) -> int:
    with database.read() as tx:
        return tx.execute(select(func.count()).select_from(t.oddity_scores)).scalar_one()


def through(database, watcher, windows, ends):
    for end in ends:
        watch_due(database, watcher, windows, end, site_id="north")


def test_it_says_since_when_and_which_signal(plant, watcher) -> None:
    odd_from = NOW + 2 * STEP
    usual, odd = healthy(watcher), shaking(watcher)
    windows = Windows(lambda _unit, at: odd if at >= odd_from else usual)
    through(plant, watcher, windows, range(NOW, NOW + 3 * STEP, STEP))
    assert state(plant, watcher)["since_us"] is None  # one half hour alone is nothing
    through(plant, watcher, windows, [NOW + 3 * STEP])
    found = state(plant, watcher)
    assert found["since_us"] == odd_from and found["score"] > found["threshold"]
    (signal, since, times), *_ = json.loads(found["signals"])
    assert (signal, since) == ("vibration_rms", odd_from) and times > 1
    assert count(plant) == 4


def test_it_ends_after_some_calm(plant, watcher) -> None:
    usual, odd = healthy(watcher), shaking(watcher)
    windows = Windows(lambda _unit, at: odd if at < NOW + 2 * STEP else usual)
    through(plant, watcher, windows, range(NOW, NOW + (CALM + 1) * STEP, STEP))
    assert state(plant, watcher)["since_us"] == NOW
    through(plant, watcher, windows, [NOW + (CALM + 1) * STEP])
    found = state(plant, watcher)
    assert found["since_us"] is None and json.loads(found["signals"]) == []


def test_a_half_hour_is_scored_once_and_another_process_goes_on(plant, watcher) -> None:
    odd = shaking(watcher)
    windows = Windows(lambda _unit, _at: odd)
    through(plant, watcher, windows, [NOW, NOW])
    assert count(plant) == 1
    through(plant, Watcher(MODEL), Windows(lambda _unit, _at: odd), [NOW + STEP])
    assert state(plant, watcher)["since_us"] == NOW


def test_what_cannot_be_judged_says_why_and_changes_nothing(plant, watcher) -> None:
    odd = shaking(watcher)
    windows = Windows(lambda _unit, at: odd if at <= NOW + STEP else "data too old")
    through(plant, watcher, windows, [NOW, NOW + STEP, NOW + 2 * STEP])
    found = state(plant, watcher)
    assert (found["score"], found["reason"], found["since_us"]) == (None, "data too old", None)
    through(plant, watcher, Windows(lambda _unit, _at: odd), [NOW + 3 * STEP])
    assert state(plant, watcher)["since_us"] == NOW


def test_silent_sensors_and_another_unit_are_refused(plant, watcher) -> None:
    silent, bars = healthy(watcher).copy(), healthy(watcher).copy()
    silent[:, :-6] = np.where(np.arange(silent.shape[1] - 6) == 21, silent[:, :-6], 0.0)
    bars[:, 3] *= 1_000.0
    for window, words in ((silent, "too many sensors"), (bars, "another unit")):
        database_at = NOW if words.startswith("too") else NOW + STEP
        through(plant, watcher, Windows(lambda _unit, _at, said=window: said), [database_at])
        found = state(plant, watcher)
        assert found["score"] is None and words in found["reason"]


def test_a_stopped_model_says_nothing_and_makes_nothing_up(plant, watcher) -> None:
    row = {
        "stop_id": "s", "site_id": "north", "model_name": watcher.card.name, "drill": False,
        "open_key": stops.open_key("north", watcher.card.name, drill=False), "stopped_by": "x",
        "printed_name": "X", "reason": "r", "stopped_us": NOW, "stopped_wall_us": wall_us(), "effect": "{}",
    }  # fmt: skip
    with plant.write() as tx:
        known = {column.name: "" for column in t.ai_stops.columns if not column.nullable}
        stops.add(tx, known | row)
    odd = shaking(watcher)
    through(plant, watcher, Windows(lambda _unit, _at: odd), [NOW, NOW + STEP])
    assert count(plant) == 0
    with plant.write() as tx:
        ended = {
            "resumed_by": "x",
            "resume_reason": "r",
            "resumed_us": NOW + STEP,
            "resumed_wall_us": wall_us(),
        }
        stops.end(tx, "s", ended)
    through(plant, watcher, Windows(lambda _unit, _at: odd), [NOW + 2 * STEP])
    assert count(plant) == 1 and state(plant, watcher)["since_us"] is None


def test_a_model_of_simulated_machines_never_speaks_of_real_ones(plant, watcher) -> None:
    with plant.write() as tx:
        tx.execute(t.sites.update().values(virtual=False))
    odd = shaking(watcher)
    through(plant, watcher, Windows(lambda _unit, _at: odd), [NOW, NOW + STEP])
    found = state(plant, watcher)
    assert (found["score"], found["reason"]) == (None, ELSEWHERE)


def test_history_is_scored_like_live(plant, watcher) -> None:
    usual, odd = healthy(watcher), shaking(watcher)
    windows = Windows(lambda _unit, at: odd if at % (10 * STEP) < 3 * STEP else usual)
    done = watch_range(plant, watcher, windows, (NOW - 20 * STEP, NOW), site_id="north")
    assert done.scored == count(plant) == 20
    at_once = state(plant, watcher)
    with plant.write() as tx:
        tx.execute(t.oddity_scores.delete())
        tx.execute(t.oddity_states.delete())
    through(plant, watcher, windows, range(NOW - 19 * STEP, NOW + STEP, STEP))
    assert state(plant, watcher) == at_once


def test_old_half_hours_go_and_where_machines_stand_stays(plant, watcher) -> None:
    usual = healthy(watcher)
    watch_range(plant, watcher, Windows(lambda _u, _at: usual), (NOW - 4 * STEP, NOW), site_id="north")
    with plant.write() as tx:
        assert store.forget(tx, "elsewhere", NOW + DAY, 10) == 0
        assert store.forget(tx, "north", NOW - STEP, 10) == 2
    assert count(plant) == 2 and state(plant, watcher)["at_us"] == NOW
