"""The laws of wear."""

from dataclasses import replace

import numpy as np
import pytest

from domain.messages import Finding
from simulator.contract import CAUSES
from simulator.layout import drawn
from simulator.physics.parameters import Parameters, draw
from simulator.physics.repair import inspect, restore
from simulator.physics.signals import GAUGES, Fakes, true_signals
from simulator.physics.surroundings import Regime
from simulator.physics.wear import BEARING, ELECTRICAL, FIRST, LEAK, OVERHEATING, TOOL, Wear

COUNT = 200
STEP_H = 0.5


@pytest.fixture
def parameters() -> Parameters:
    return draw(drawn(3, COUNT), np.random.default_rng(0))


@pytest.fixture
def wear(parameters: Parameters) -> Wear:
    return Wear.start(parameters, np.random.default_rng(1))


def regime(*, run: float = 1.0, speed: float = 1.0, load: float = 1.0, ambient: float = 22.0) -> Regime:
    one = np.ones(COUNT)
    return Regime(one * run, one * speed, one * load, one, one * ambient)


def hours_to_failure(wear: Wear, parameters: Parameters, row: int, how: Regime) -> np.ndarray:
    rng = np.random.default_rng(2)
    found = np.full(COUNT, np.nan)
    for step in range(260):
        failed = wear.step(how, parameters, STEP_H, rng)[row]
        found = np.where(failed & np.isnan(found), step * STEP_H, found)
    return found


def seeded(wear: Wear, row: int, tau: float) -> Wear:
    wear.damage[:] = 0.0
    wear.used[:] = 0.0
    wear.life[:] = 1e9
    wear.abrupt[:] = False
    wear.damage[row] = FIRST
    wear.tau[row] = tau
    wear.tool_life[:] = 1e9
    return wear


@pytest.mark.parametrize("row", [BEARING, LEAK])
def test_visible_damage_fails_after_about_its_own_hours(wear: Wear, parameters: Parameters, row: int) -> None:
    hours = hours_to_failure(seeded(wear, row, 30.0), parameters, row, regime())

    assert np.isfinite(hours).all()
    assert np.median(hours) == pytest.approx(30.0, rel=0.2)


def test_load_shortens_what_a_bearing_has_left(parameters: Parameters) -> None:
    light = seeded(Wear.start(parameters, np.random.default_rng(1)), BEARING, 30.0)
    heavy = seeded(Wear.start(parameters, np.random.default_rng(1)), BEARING, 30.0)

    assert np.median(hours_to_failure(heavy, parameters, BEARING, regime(load=1.3))) < 0.75 * np.median(
        hours_to_failure(light, parameters, BEARING, regime(load=1.0))
    )


def test_a_hot_hall_trips_fouled_machines_earlier(parameters: Parameters) -> None:
    cold = seeded(Wear.start(parameters, np.random.default_rng(1)), OVERHEATING, 40.0)
    hot = seeded(Wear.start(parameters, np.random.default_rng(1)), OVERHEATING, 40.0)

    assert np.nanmedian(hours_to_failure(hot, parameters, OVERHEATING, regime(ambient=32.0))) < np.nanmedian(
        hours_to_failure(cold, parameters, OVERHEATING, regime(ambient=14.0))
    )


def test_what_stands_still_neither_wears_nor_fails(wear: Wear, parameters: Parameters) -> None:
    before = wear.damage.copy(), wear.used.copy(), wear.tool_used.copy()
    wear.damage[BEARING] = 1.1

    failed = wear.step(regime(run=0.0), parameters, 24.0, np.random.default_rng(3))

    assert not failed.any()
    assert (wear.used == before[1]).all()
    assert (wear.tool_used == before[2]).all()


def test_a_fast_tool_wears_by_taylor(wear: Wear, parameters: Parameters) -> None:
    wear = seeded(wear, TOOL, 1.0)
    wear.damage[TOOL], wear.tool_life = np.zeros(COUNT), np.full(COUNT, 50.0)

    normal = np.nanmedian(hours_to_failure(wear, parameters, TOOL, regime()))
    wear.damage[TOOL] = 0.0
    fast = np.nanmedian(hours_to_failure(wear, parameters, TOOL, regime(speed=1.2)))

    assert normal == pytest.approx(46, rel=0.15)  # 50 h, less the third zone
    assert fast == pytest.approx(normal / 1.2**2.5, rel=0.1)


def test_most_electrical_failures_and_a_fifth_of_the_others_come_without_notice(wear: Wear) -> None:
    assert wear.abrupt[ELECTRICAL].all()
    assert 0.15 < wear.abrupt[BEARING].mean() < 0.4
    assert 0.15 < wear.abrupt[LEAK].mean() < 0.4


def test_new_parts_can_be_bad_from_the_start(wear: Wear, parameters: Parameters) -> None:
    which = np.zeros((5, COUNT), dtype=bool)
    which[BEARING] = True

    wear.renew(which, parameters, np.random.default_rng(5))

    early = (wear.life[BEARING] < 120).mean()
    assert 0.03 < early < 0.12


def test_findings_follow_the_true_condition(wear: Wear) -> None:
    rng = np.random.default_rng(6)
    wear.damage[:] = 0.0
    wear.damage[BEARING, 0] = 0.8
    wear.damage[LEAK, 1] = 0.8

    def look(unit: int, failed: str = "") -> set[Finding]:
        return {inspect(wear, unit, "bearing", failed, rng).finding for _ in range(50)}

    assert look(0) == {Finding.DEGRADED}
    assert look(1) == {Finding.OTHER_FAULT}
    assert look(2) == {Finding.NOTHING_FOUND}
    assert look(3, "tool") == {Finding.FAILED}


def test_a_repair_is_not_always_complete(parameters: Parameters) -> None:
    rng = np.random.default_rng(7)
    wear = Wear.start(parameters, rng)
    wear.damage[BEARING] = 1.0
    for unit in range(COUNT):
        restore(wear, unit, ("bearing",), parameters, rng)

    left = (wear.damage[BEARING] > 0.1).mean()
    assert 0.02 < left < 0.12


def test_the_other_plant_has_other_parameters() -> None:
    layout = drawn(3, 50)
    ours = draw(layout, np.random.default_rng(0))
    other = draw(replace(layout, variant="other"), np.random.default_rng(0))

    assert other.variant != ours.variant
    assert np.abs(np.log(other.vibration / ours.vibration)).max() > 0.05
    assert len(CAUSES) == other.shows.shape[0]


def test_windings_break_down_by_degrees_in_one_plant_only() -> None:
    layout = replace(drawn(3, COUNT), variant="unseen")
    unseen = draw(layout, np.random.default_rng(0))
    usual = draw(replace(layout, variant="other"), np.random.default_rng(0))
    for parameters, share in ((usual, 1.0), (unseen, 0.25)):
        wear = Wear.start(parameters, np.random.default_rng(1))
        assert wear.abrupt[ELECTRICAL].mean() == pytest.approx(share, abs=0.1)
    assert (usual.shows == unseen.shows).all() and usual.variant.growth_h == unseen.variant.growth_h


def test_a_winding_that_breaks_down_shows_in_current_and_heat_in_one_plant_only() -> None:
    layout = drawn(3, COUNT)
    running, fakes = np.ones(COUNT, dtype=bool), Fakes.start(COUNT)
    for variant, shows in (("plant", False), ("other", False), ("unseen", True)):
        parameters = draw(replace(layout, variant=variant), np.random.default_rng(0))
        wear = seeded(Wear.start(parameters, np.random.default_rng(1)), BEARING, 30.0)
        wear.damage[:] = 0.0
        before = true_signals(wear, regime(), running, parameters, fakes)
        wear.damage[ELECTRICAL] = 0.6
        moved = (true_signals(wear, regime(), running, parameters, fakes) > before).all(axis=1)
        assert moved.tolist() == [shows and name in ("temperature", "current") for name in GAUGES]
