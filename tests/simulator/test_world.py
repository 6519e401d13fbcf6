"""The plant as a whole: determinism, independence of the tick, orders, rates."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from domain.clock import DAY, HOUR, SECOND
from domain.messages import Finding
from domain.telemetry import MachineMode, MachineState
from simulator import snapshot
from simulator.contract import JobCancel, JobEvent, JobKind, JobRequest, JobStatus
from simulator.house import HouseFloor
from simulator.layout import Layout, demo, drawn
from simulator.physics.signals import GAUGES
from simulator.world import Tick, World
from tests.simulator.conftest import START_US, STEP_US


class OrderingFloor(HouseFloor):
    """A floor that somebody orders maintenance from."""

    def __init__(self, layout: Layout, seed: int) -> None:
        super().__init__(layout, seed)
        self.orders: list[JobRequest | JobCancel] = []
        self.parts: list[tuple[str, int]] = []

    def requests(self) -> Sequence[JobRequest | JobCancel]:
        found, self.orders = self.orders, []
        return found

    def take_part(self, part_id: str, unit: int, at_us: int, command_id: str | None) -> int:
        self.parts.append((part_id, unit))
        return at_us


OURS = [index for index, name in enumerate(GAUGES) if name != "ambient_temperature"]


def run(world: World, hours: float, step_us: int = STEP_US) -> list[Tick]:
    return list(world.ticks(world.now_us + int(hours * HOUR), step_us))


def order(start_us: int, unit: int = 3, **changes: object) -> JobRequest:
    wanted = {
        "job_id": "WO-1",
        "unit": unit,
        "kind": JobKind.PREVENTIVE,
        "start_us": start_us,
        "duration_s": 3_600,
        "cause": "bearing",
        "part_id": "PRT-CNC-BEARING",
        "command_id": "c-1",
    }
    return JobRequest(**{**wanted, **changes})  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_plant(layout: Layout) -> None:
    first, second = (World(layout, 4, START_US, HouseFloor(layout, 4)) for _ in range(2))

    for a, b in zip(run(first, 12), run(second, 12), strict=True):
        np.testing.assert_array_equal(a.sample.gauges, b.sample.gauges)
        np.testing.assert_array_equal(a.sample.good, b.sample.good)


def test_another_seed_gives_another_plant(layout: Layout) -> None:
    first = World(layout, 4, START_US, HouseFloor(layout, 4))
    second = World(layout, 5, START_US, HouseFloor(layout, 5))

    assert not np.array_equal(run(first, 1)[-1].sample.gauges, run(second, 1)[-1].sample.gauges)


def test_a_saved_plant_goes_on_as_if_nothing_had_been(layout: Layout, tmp_path: Path) -> None:
    floor = HouseFloor(layout, 4)
    world = World(layout, 4, START_US, floor)
    run(world, 30)
    snapshot.save(world, tmp_path / "world.npz", {"seq": {"a": 7}})
    again = World(layout, 4, START_US, HouseFloor(layout, 4))
    run(again, 30)  # brings its floor to the same place
    assert snapshot.load(again, tmp_path / "world.npz") == {"seq": {"a": 7}}

    for a, b in zip(run(world, 20), run(again, 20), strict=True):
        np.testing.assert_array_equal(a.sample.gauges, b.sample.gauges)
        assert a.report.jobs == b.report.jobs


def test_the_tick_does_not_change_the_figures() -> None:
    layout = drawn(9, 30)
    seen = {}
    for step_s in (60, 300):
        world = World(layout, 9, START_US, HouseFloor(layout, 9))
        states: Counter[int] = Counter()
        gauges, made = [], 0.0
        for number, tick in enumerate(world.ticks(START_US + 3 * DAY, step_s * SECOND)):
            made += tick.report.good.sum()
            if number % (300 // step_s) == 0:
                states.update(tick.sample.state.tolist())
                running = tick.sample.state == MachineState.EXECUTE
                found = tick.sample.gauges.copy()
                found[0] -= found[1]  # the weather is another draw
                gauges.append(np.where(running, np.log(np.maximum(found, 1e-3)), np.nan)[OURS])
        total = sum(states.values())
        seen[step_s] = (
            {state: count / total for state, count in states.items()},
            np.nanmean(np.nanmean(np.stack(gauges), axis=0), axis=1),
            made,
        )

    for state in (MachineState.EXECUTE, MachineState.HELD, MachineState.SUSPENDED):
        assert seen[60][0].get(state, 0) == pytest.approx(seen[300][0].get(state, 0), abs=0.04)
    np.testing.assert_allclose(seen[60][1], seen[300][1], atol=0.1)
    assert seen[60][2] == pytest.approx(seen[300][2], rel=0.06)


def test_an_order_stops_the_machine_at_its_time_and_yields_a_finding(layout: Layout) -> None:
    floor = OrderingFloor(layout, 4)
    world = World(layout, 4, START_US, floor)
    run(world, 2)
    world.wear.damage[:, 3] = 0.0
    world.wear.damage[0, 3] = 0.7
    world.wear.tau[0, 3] = 500.0
    start = world.now_us + 3 * HOUR
    floor.orders.append(order(start))
    before, during, after = run(world, 2.9), run(world, 0.4), run(world, 4)

    assert all(tick.sample.mode[3] != MachineMode.MAINTENANCE for tick in before)
    assert during[-1].sample.mode[3] == MachineMode.MAINTENANCE
    assert during[-1].sample.state[3] == MachineState.STOPPED
    events = [e for t in (*before, *during, *after) for e in t.report.jobs if e.job_id == "WO-1"]
    assert [event.status for event in events] == [JobStatus.PLANNED, JobStatus.UNDER_WAY, JobStatus.DONE]
    assert events[1].start_us == start
    assert events[2].finding is Finding.DEGRADED
    assert events[2].found_cause == "bearing"
    assert all(event.log_us == event.at_us for event in events)
    assert ("PRT-CNC-BEARING", 3) in floor.parts
    assert world.wear.damage[0, 3] < 0.4


def test_looking_repairs_nothing_and_takes_no_part(layout: Layout) -> None:
    floor = OrderingFloor(layout, 4)
    world = World(layout, 4, START_US, floor)
    world.wear.damage[0, 3], world.wear.tau[0, 3] = 0.7, 5_000.0
    floor.orders.append(order(START_US + HOUR, kind=JobKind.INSPECTION, inspect_only=True))

    events = [e for t in run(world, 8) for e in t.report.jobs if e.job_id == "WO-1"]

    assert events[-1].finding is Finding.DEGRADED
    assert world.wear.damage[0, 3] >= 0.7
    assert floor.parts == []


def test_a_planned_job_can_be_cancelled_and_asking_twice_is_harmless(layout: Layout) -> None:
    floor = OrderingFloor(layout, 4)
    world = World(layout, 4, START_US, floor)
    floor.orders += [order(START_US + 5 * HOUR), order(START_US + 5 * HOUR)]
    first = run(world, 1)
    floor.orders.append(JobCancel("WO-1"))
    second = run(world, 8)

    said = [e.status for t in (*first, *second) for e in t.report.jobs if e.job_id == "WO-1"]
    assert said == [JobStatus.PLANNED, JobStatus.CANCELLED]


def test_a_failed_machine_is_aborted_until_it_is_repaired(layout: Layout) -> None:
    floor = OrderingFloor(layout, 4)
    world = World(layout, 4, START_US, floor)
    world.wear.damage[0, 0] = 1.1
    ticks = run(world, 30)
    failures = [f for t in ticks for f in t.report.failures if f.unit == 0]
    jobs: list[JobEvent] = [e for t in ticks for e in t.report.jobs if e.unit == 0 and e.kind == "corrective"]

    assert failures[0].cause == "bearing"
    done = next(event for event in jobs if event.status is JobStatus.DONE)
    assert done.finding is Finding.FAILED
    down = [t for t in ticks if failures[0].at_us < t.sample.at_us < done.at_us]
    assert down
    assert all(
        t.sample.state[0] == MachineState.ABORTED or t.sample.mode[0] == MachineMode.MAINTENANCE for t in down
    )
    assert all(a.sample.good[0] == b.sample.good[0] or b.sample.good[0] == 0 for a, b in pairwise(down))


@pytest.mark.slow
def test_about_one_failure_per_machine_and_month_and_half_without_notice() -> None:
    layout = demo()
    world = World(layout, 1, START_US, HouseFloor(layout, 1))
    failures = [f for t in world.ticks(START_US + 60 * DAY, 4 * STEP_US) for f in t.report.failures]

    assert 0.7 < len(failures) / (50 * 2) < 1.8
    assert set(Counter(f.cause for f in failures)) == {
        "bearing",
        "tool",
        "overheating",
        "leak",
        "electrical",
    }


def test_signals_say_nothing_odd_when_all_is_well(world: World) -> None:
    ticks = run(world, 48)
    running = np.stack([t.sample.state == MachineState.EXECUTE for t in ticks])
    gauges = np.stack([t.sample.gauges for t in ticks])

    for index, name in enumerate(GAUGES):
        values = gauges[:, index][running]
        values = values[np.isfinite(values)]
        assert values.size > 1_000, name
        assert values.min() >= 0, name
    missing = np.isnan(gauges).mean()
    assert 0 < missing < 0.02


def test_lines_starve_and_block_around_a_machine_that_stands(layout: Layout) -> None:
    floor = OrderingFloor(layout, 4)
    world = World(layout, 4, START_US, floor)
    floor.orders.append(order(START_US + HOUR, unit=4, duration_s=4 * 3_600))
    run(world, 1)
    ticks = run(world, 4)[20:]

    suspended = np.stack([t.sample.state == MachineState.SUSPENDED for t in ticks])
    assert suspended[:, :4].any(axis=0).all()
    assert suspended[:, 5:10].any(axis=0).all()
    assert not suspended[:, 4].any()
