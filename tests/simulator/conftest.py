"""A small plant for the tests of the simulation."""

from pathlib import Path

import pytest

from domain.clock import SECOND
from simulator.house import HouseFloor
from simulator.layout import Layout, drawn
from simulator.plant import VirtualPlant
from simulator.world import World

START_US = 1_767_247_200 * SECOND  # a Thursday, 06:00 UTC
STEP_US = 300 * SECOND


@pytest.fixture
def layout() -> Layout:
    return drawn(4, 20)


@pytest.fixture
def world(layout: Layout) -> World:
    return World(layout, 4, START_US, HouseFloor(layout, 4))


@pytest.fixture
def plant(layout: Layout, tmp_path: Path) -> VirtualPlant:
    return VirtualPlant(layout, 4, START_US, HouseFloor(layout, 4), tmp_path / "plant")
