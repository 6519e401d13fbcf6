"""A fault that is made to begin: it wears by the plant's own law, and touches nothing before its time."""

from pathlib import Path

import numpy as np

from domain.clock import HOUR
from simulator.backfill import backfill
from simulator.house import HouseFloor
from simulator.layout import Layout
from simulator.onset import Onset, begin
from simulator.physics.wear import BEARING, FIRST
from simulator.plant import VirtualPlant
from simulator.world import World
from tests.simulator.conftest import START_US

UNIT = 3


def lived(layout: Layout, folder: Path, onset: Onset | None, hours: int) -> tuple[VirtualPlant, list]:
    plant = VirtualPlant(layout, 4, START_US, HouseFloor(layout, 4), folder)
    return plant, list(backfill(plant, START_US + hours * HOUR, onset=onset))


def test_nothing_differs_before_its_time(layout: Layout, tmp_path: Path) -> None:
    onset = Onset(UNIT, START_US + 3 * HOUR, 10.0)

    _, with_it = lived(layout, tmp_path / "with", onset, 3)
    _, without = lived(layout, tmp_path / "without", None, 3)

    assert with_it == without


def test_from_its_time_on_only_that_bearing_wears(layout: Layout, tmp_path: Path) -> None:
    onset = Onset(UNIT, START_US + 2 * HOUR, 10.0)

    arranged, _ = lived(layout, tmp_path / "with", onset, 4)
    plain, _ = lived(layout, tmp_path / "without", None, 4)

    damage, usual = arranged.world.wear.damage, plain.world.wear.damage
    assert damage[BEARING, UNIT] > FIRST > usual[BEARING, UNIT]
    others = np.ones(damage.shape[1], dtype=bool)
    others[UNIT] = False
    assert np.array_equal(damage[BEARING, others], usual[BEARING, others])


def test_damage_that_is_there_stays(world: World) -> None:
    world.wear.damage[BEARING, UNIT] = 0.4
    world.wear.abrupt[BEARING, UNIT] = True

    begin(world, Onset(UNIT, START_US, 30.0))

    assert world.wear.damage[BEARING, UNIT] == 0.4
    assert world.wear.tau[BEARING, UNIT] == 30.0
    assert not world.wear.abrupt[BEARING, UNIT]
