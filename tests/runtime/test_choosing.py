"""The demo's machine at risk: what is chosen on a branch is what the plant then shows."""

from pathlib import Path

from domain.clock import DAY, HOUR, MINUTE
from runtime import choosing
from runtime.settings import Settings
from simulator.backfill import backfill
from simulator.onset import Onset
from simulator.run import open_plant

START = 1_795_000_200_000_000 // (5 * MINUTE) * 5 * MINUTE
SEED = 7


def test_the_plant_lives_as_its_branch_did(tmp_path: Path) -> None:
    end = START + 52 * HOUR
    reached = choosing.live_to(tmp_path / "base", SEED, START, end - choosing.BEFORE_US)
    onset = Onset(4, reached, 40.0)

    branch, samples = choosing.branch(tmp_path / "base", tmp_path / "branch", onset, end)

    plant, floor = open_plant(tmp_path / "whole", SEED, START)
    for _ in backfill(plant, end, onset=onset):
        pass
    floor.close()
    assert plant.world.now_us == branch.world.now_us == samples[-1].at_us
    assert (plant.world.wear.damage == branch.world.wear.damage).all()
    assert (plant.world.counters.good == samples[-1].good).all()


def test_too_short_a_history_is_shown_as_it_is(tmp_path: Path) -> None:
    model = Settings(var_dir=tmp_path).failure_model

    assert choosing.choose(model, SEED, (START, START + DAY)) is None
