"""The virtual plant, live: it follows the plant clock, publishes, and goes on where it stopped."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from domain.clock import DAY, HOUR, SECOND, Clock, wall_us
from domain.errors import SettingsError
from simulator import snapshot
from simulator.floor import ABSENCE, PlantFloor, open_floor, serve
from simulator.layout import Layout, demo
from simulator.pictures.cameras import EVERY_S, Watch
from simulator.plant import STATE_FILE, VirtualPlant, aligned
from simulator.publish import Broker, JsonLink, NodeLink
from simulator.sent_log import SentLog

SAVE_S = 5.0
PUMP_S = 0.05
COARSE_US = 300 * SECOND
LATE_TICKS = 40
FORGET_US = 60 * DAY
BUFFERED_US = 2 * DAY


@dataclass(frozen=True, slots=True)
class PlantSettings:
    """How to run a plant. `interval_s` is in plant seconds; `messages_per_hour` (plant hours), when
    given, sets it instead: one message is one reading of one unit. `absence` is the share of shifts in
    which a skill is missing, `sent_log` a file that every reading that goes out is written to, `pictures`
    the folder for cameras that write files, `camera_s` the wall seconds between two pictures (0: none).
    """

    directory: Path
    broker: Broker
    queue_url: str
    seed: int = 7
    interval_s: float = 5.0
    messages_per_hour: float | None = None
    absence: float = ABSENCE
    sent_log: Path | None = None
    pictures: Path | None = None
    camera_s: float = EVERY_S

    def step_us(self, units: int) -> int:
        """Plant time between two readings of a unit, microseconds."""
        interval = self.interval_s
        if self.messages_per_hour is not None:
            interval = 3_600 * units / self.messages_per_hour
        if not 0.1 <= interval <= 3_600:
            raise SettingsError(f"an interval of {interval:g} s is not between 0.1 and 3,600 s")
        return round(interval * SECOND)


def open_plant(
    directory: Path, seed: int, start_us: int, layout: Layout | None = None, *, absence: float = ABSENCE
) -> tuple[VirtualPlant, PlantFloor]:
    """The plant in `directory`: as it was saved (with its own seed), or new from `start_us`.

    `absence` matters to orders from outside alone, so a history that nobody orders in goes without it.
    """
    layout = layout or demo()
    directory.mkdir(parents=True, exist_ok=True)
    saved = snapshot.seed_of(directory / STATE_FILE)
    seed = seed if saved is None else saved
    floor = open_floor(layout, seed, directory, absence=absence)
    return VirtualPlant(layout, seed, start_us, floor, directory), floor


def run(settings: PlantSettings, read_clock: Callable[[], Clock], stop: threading.Event) -> None:
    """Run until `stop` is set; then everything is saved.

    A plant that was off while its clock went on (speed 1) has worked unseen. What its nodes and devices
    would have buffered is resent; what is older than their buffers hold is a gap.
    """
    now = read_clock().plant_us()
    layout = demo()
    start_us = aligned(now, settings.step_us(len(layout.units)) / SECOND)
    plant, floor = open_plant(settings.directory, settings.seed, start_us, layout, absence=settings.absence)
    plant.ledger.log = SentLog(settings.sent_log) if settings.sent_log else None
    queues = threading.Thread(target=serve, args=(floor, settings.queue_url, stop), daemon=True)
    _catch_up(plant, now, stop)
    queues.start()
    live = Live(plant, settings, read_clock)
    try:
        while not stop.is_set():
            stop.wait(live.turn())
    finally:
        live.close()
        queues.join(timeout=5.0)
        if plant.ledger.log is not None:
            plant.ledger.log.close()
        with suppress(Exception):
            floor.close()


class Live:
    """One running plant with its connections."""

    def __init__(self, plant: VirtualPlant, settings: PlantSettings, read_clock: Callable[[], Clock]) -> None:
        self.plant = plant
        self._step_us = settings.step_us(len(plant.layout.units))
        self._read_clock, self._clock, self._clock_at = read_clock, read_clock(), time.monotonic()
        self._links: list[NodeLink | JsonLink] = [NodeLink(settings.broker, node) for node in plant.nodes]
        self._json = JsonLink(settings.broker, plant.devices, plant.layout.site)
        self._links.append(self._json)
        self._cameras = _watch(plant, settings)
        self._save_at = time.monotonic() + SAVE_S

    def turn(self) -> float:
        """Step up to now, send, save when due; returns the seconds to wait before the next turn."""
        clock = self._now()
        target = clock.plant_us()
        deadline = time.monotonic() + 1.0
        urgent = False
        while self.plant.world.now_us + self._step_us <= target and time.monotonic() < deadline:
            tick = self.plant.step(self._stride(target))
            urgent = urgent or bool(tick.report.jobs or tick.report.failures)
            self._pump()
        self._pump()
        if urgent or time.monotonic() >= self._save_at:
            self._save()
        wait = (clock.wall_at(self.plant.world.now_us + self._step_us) - wall_us()) / SECOND
        return min(max(wait, 0.0), PUMP_S)

    def _stride(self, target_us: int) -> int:
        """The interval; a coarser step when the plant has fallen far behind its clock."""
        behind = target_us - self.plant.world.now_us
        if behind <= LATE_TICKS * self._step_us or self._step_us >= COARSE_US:
            return self._step_us
        return min(COARSE_US // self._step_us, 8) * self._step_us

    def _now(self) -> Clock:
        if time.monotonic() - self._clock_at > 1.0:
            self._clock, self._clock_at = self._read_clock(), time.monotonic()
        return self._clock

    def _pump(self) -> None:
        for link in self._links:
            link.pump(self.plant.now_ms)
        if self._cameras is not None and (picture := self._cameras.due()) is not None:
            self._json.show(picture)

    def _save(self) -> None:
        begun = time.monotonic()
        self.plant.save()
        self._save_at = begun + max(SAVE_S, 20 * (time.monotonic() - begun))

    def close(self) -> None:
        """Disconnect everything and save."""
        for link in self._links:
            link.close(self.plant.now_ms)
        self.plant.save()


def _watch(plant: VirtualPlant, settings: PlantSettings) -> Watch | None:
    if settings.camera_s <= 0:
        return None
    return Watch(plant.layout, settings.seed, settings.pictures, settings.camera_s)


def _catch_up(plant: VirtualPlant, now_us: int, stop: threading.Event) -> None:
    world = plant.world
    if now_us - world.now_us > FORGET_US:
        world.now_us = aligned(now_us - FORGET_US, COARSE_US / SECOND)
    while now_us - world.now_us > HOUR // 4 and not stop.is_set():
        plant.step(COARSE_US, publish=now_us - world.now_us <= BUFFERED_US)
