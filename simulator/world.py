"""The plant as a whole: one tick after the other, physics and floor in step.

A world is deterministic: the same layout, seed, start, tick and floor give the same samples.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from domain.clock import HOUR, SECOND
from simulator.contract import (
    CAUSES,
    Bools,
    Failure,
    Floats,
    Floor,
    Ints,
    JobEvent,
    Plan,
    StateChange,
    StopReason,
    TickReport,
)
from simulator.layout import Layout
from simulator.maintenance import Maintenance, Shop
from simulator.physics.parameters import draw
from simulator.physics.running import CODE, MODES, REASONS, STATES, Crew, Flow, Pace, Running, go
from simulator.physics.signals import GAUGES, Fakes, true_signals
from simulator.physics.surroundings import Products, Regime, Surroundings, hall_temperature
from simulator.physics.wear import Wear
from simulator.sensors import Sensors

RESTART_PER_H = 1 / 1_800
_FAILURE, _MAINTENANCE = CODE[StopReason.FAILURE], CODE[StopReason.MAINTENANCE]
_RUNNING = CODE[StopReason.RUNNING]
POWER = GAUGES.index("power")


@dataclass(frozen=True, slots=True)
class Sample:
    """What all controllers show at `at_us`: gauges (11, N) by signals.GAUGES, the rest (N,)."""

    at_us: int
    gauges: Floats
    state: Ints
    mode: Ints
    good: Ints
    scrap: Ints
    energy: Floats


@dataclass(frozen=True, slots=True)
class Tick:
    """One finished tick: the sample at its end, and what the floor was told."""

    sample: Sample
    report: TickReport


@dataclass(slots=True)
class Counters:
    """Monotonic counters of the controllers (N,), which begin anew at a controller's restart."""

    good: Ints
    scrap: Ints
    energy: Floats

    @classmethod
    def start(cls, count: int, rng: np.random.Generator) -> "Counters":
        """Somewhere in their life."""
        return cls(rng.integers(0, 40_000, count), rng.integers(0, 900, count), rng.uniform(0, 9_000, count))


class World:
    """N machines that run, wear and fail. `now_us` is the end of the last tick."""

    def __init__(self, layout: Layout, seed: int, start_us: int, floor: Floor) -> None:
        self.layout, self.seed, self.floor = layout, seed, floor
        self.now_us = start_us
        self.rng = np.random.default_rng([seed, 1])
        self.parameters = draw(layout, np.random.default_rng([seed, 0]))
        count = len(layout.units)
        self.surroundings = Surroundings.start(count, self.rng)
        self.wear = Wear.start(self.parameters, self.rng)
        self.fakes = Fakes.start(count)
        self.sensors = Sensors.start(count, self.parameters, self.rng)
        self.running = Running.start(count, self.rng)
        self.counters = Counters.start(count, self.rng)
        self.maintenance = Maintenance(Shop(layout, self.parameters, self.wear, floor, self.rng), start_us)
        self._products = Products(layout)
        self._flow = Flow(layout)
        self._slow = np.array([unit.cycle_factor for unit in layout.units])

    def ticks(self, to_us: int, dt_us: int) -> Iterator[Tick]:
        """Step by `dt_us` as often as a whole tick fits before `to_us`."""
        while self.now_us + dt_us <= to_us:
            yield self.step(dt_us)

    def step(self, dt_us: int) -> Tick:
        """One tick of `dt_us`: floor's plan, running, wear, failures, jobs, counters, sensors, report."""
        from_us, to_us = self.now_us, self.now_us + dt_us
        hours = dt_us / HOUR
        plan = self.floor.plan(from_us, to_us)
        self.maintenance.take(self.floor.requests(), from_us)
        self.surroundings.step(hours, self.rng)
        before = self.running.code
        crew = Crew(self._flow, self.parameters, self.rng)
        pace = go(self.running, plan, self._down(), self.wear, crew, dt_s=dt_us / SECOND)
        if pace.tools.any():
            self.wear.change_tools(pace.tools, self.parameters, self.rng)
        ambient = hall_temperature(to_us, self.surroundings.weather, self.parameters)
        regime = self._products.regime(plan, pace.run, self.surroundings, ambient)
        failures = self._failures(self.wear.step(regime, self.parameters, hours, self.rng), from_us, dt_us)
        jobs = self.maintenance.step(to_us)
        self._after_jobs()
        code = self._settle(pace)
        good, scrap = self._count(pace, plan, from_us)
        sample = self._sample(to_us, code, regime, hours)
        changes = _changes(before, code, from_us)
        report = TickReport(from_us, to_us, good, scrap, changes, jobs, failures)
        self.now_us = to_us
        self.floor.report(report)
        return Tick(sample, report)

    def _down(self) -> Ints:
        down = np.where(self.maintenance.failed >= 0, _FAILURE, -1)
        return np.where(self.maintenance.busy > 0, _MAINTENANCE, down)

    def _settle(self, pace: Pace) -> Ints:
        down = self._down()
        code = np.where(down >= 0, down, pace.code)
        ended = (code == _FAILURE) | (code == _MAINTENANCE)
        code = np.where(ended & (down < 0), _RUNNING, code)
        self.running.code = code
        return code

    def _failures(self, failed: Bools, from_us: int, dt_us: int) -> tuple[Failure, ...]:
        found = []
        for unit in np.flatnonzero(failed.any(axis=0)):
            if self.maintenance.failed[unit] >= 0 or self.maintenance.busy[unit]:
                continue
            causes = np.flatnonzero(failed[:, unit])
            cause = int(causes[np.argmax(self.wear.damage[causes, unit])])
            at = from_us + int(self.rng.random() * dt_us)
            self.maintenance.failure(int(unit), cause, at)
            found.append(Failure(int(unit), at, CAUSES[cause]))
        return tuple(found)

    def _after_jobs(self) -> None:
        if self.maintenance.calibrated:
            units = np.zeros(len(self.layout.units), dtype=bool)
            units[self.maintenance.calibrated] = True
            self.sensors.calibrate(units)
            self.maintenance.calibrated.clear()

    def _count(self, pace: Pace, plan: Plan, from_us: int) -> tuple[Floats, Floats]:
        parts = self.running.carry + pace.made * self._slow / np.maximum(plan.cycle_s, 0.1)
        whole = np.floor(parts)
        self.running.carry = parts - whole
        worst = np.minimum(self.wear.damage, 1.0).max(axis=0)
        share = np.minimum(self.parameters.scrap * (1 + 2.5 * worst**3), 0.5)
        scrap = self.rng.binomial(whole.astype(np.int64), share)
        good = whole.astype(np.int64) - scrap
        # A stream of its own: how a plant is set changes nothing else of it.
        spoiled = np.random.default_rng([self.seed, 2, from_us // SECOND]).binomial(good, plan.spoils)
        good, scrap = good - spoiled, scrap + spoiled
        self.counters.good = self.counters.good + good
        self.counters.scrap = self.counters.scrap + scrap
        return good.astype(float), scrap.astype(float)

    def _sample(self, at_us: int, code: Ints, regime: Regime, hours: float) -> Sample:
        self.fakes.step(self.parameters, regime.run * hours, hours, self.rng)
        self.sensors.step(self.parameters, hours, self.rng)
        truth = true_signals(self.wear, regime, code == _RUNNING, self.parameters, self.fakes)
        self.counters.energy = self.counters.energy + truth[POWER] * hours
        self._restarts(hours)
        return Sample(
            at_us=at_us,
            gauges=self.sensors.measure(truth, self.parameters, self.rng),
            state=STATES[code],
            mode=MODES[code],
            good=self.counters.good,
            scrap=self.counters.scrap,
            energy=self.counters.energy,
        )

    def _restarts(self, hours: float) -> None:
        restarted = self.rng.random(self.counters.good.size) < RESTART_PER_H * hours
        if restarted.any():
            self.counters.good = np.where(restarted, 0, self.counters.good)
            self.counters.scrap = np.where(restarted, 0, self.counters.scrap)
            self.counters.energy = np.where(restarted, 0.0, self.counters.energy)


def _changes(before: Ints, after: Ints, at_us: int) -> tuple[StateChange, ...]:
    return tuple(
        StateChange(int(unit), at_us, int(STATES[after[unit]]), int(MODES[after[unit]]), REASONS[after[unit]])
        for unit in np.flatnonzero(before != after)
    )


__all__ = ["JobEvent", "Sample", "Tick", "World"]
