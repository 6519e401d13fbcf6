"""Recorded machines as a site of its own, in shadow: what is stored of them, and how it was predicted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select

from data.store import predictions as store
from data.store import tables as t
from data.store import window_data
from data.store.database import Database
from domain.clock import HOUR, Clock, wall_us
from domain.equipment import Equipment, MachineType
from domain.errors import NotFound
from models.dataspec import DataSpec
from models.failure import cmapss, evaluate, session
from models.failure.card import Card
from services import clocks, workers
from services.bootstrap import Place, Site, place_site
from services.score import Scored, Served, score_range
from services.score.run import Progress

CYCLE_US = HOUR
NODE = "test-cell"
SCORED_EVERY = 5  # cycles between two scores of an engine, counted back from its last
MARK = cmapss.SENSORS[0]


@dataclass(frozen=True, slots=True)
class Fleet:
    """Engines of one C-MAPSS subset as equipment. Cycle k (1..) of every engine ends at `start + k` hours."""

    site_id: str
    name: str
    start_us: int
    numbers: tuple[int, ...]
    cycles: tuple[int, ...]

    def device(self, number: int) -> str:
        """The engine's name on the wire."""
        return f"engine-{number:03d}"

    def equipment_id(self, number: int) -> str:
        """The engine's place in the site."""
        return f"{self.site_id}/{NODE}/fleet/{self.device(number)}"

    def at_us(self, cycle: int) -> int:
        """The plant time at which a cycle ends."""
        return self.start_us + cycle * CYCLE_US

    @property
    def end_us(self) -> int:
        """The end of the longest engine's last cycle."""
        return self.at_us(max(self.cycles))


def place_fleet(database: Database, subset: str, engines: Sequence[cmapss.Engine]) -> Fleet:
    """Make the shadow site, or find it again with the times that it had. Its clock is not touched."""
    site_id = f"cmapss-{subset.lower()}"
    cycles = tuple(len(engine.sensors) for engine in engines)
    numbers = tuple(engine.unit for engine in engines)
    draft = Fleet(site_id, f"C-MAPSS {subset}", 0, numbers, cycles)
    start = _begun(database, draft)
    if start is None:
        start = (wall_us() // HOUR - max(cycles)) * HOUR
    fleet = Fleet(site_id, draft.name, start, numbers, cycles)
    places = [
        Place(Equipment(site_id, fleet.name)),
        Place(Equipment(f"{site_id}/{NODE}", "Test cell")),
        Place(Equipment(f"{site_id}/{NODE}/fleet", "Fleet", MachineType.ENGINE)),
    ]
    places += [
        Place(
            Equipment(fleet.equipment_id(number), f"Engine {number}", MachineType.ENGINE),
            position=place,
            aliases=(("sparkplug", f"{site_id}/{NODE}/{fleet.device(number)}"),),
        )
        for place, number in enumerate(numbers)
    ]
    place_site(database, Site(site_id, fleet.name, "UTC", "EUR", shadow=True, virtual=True), places, ())
    return fleet


def set_clock(database: Database, fleet: Fleet, speed: float | None) -> Clock:
    """The site's clock from now on: from the first cycle at `speed`, or (None) at the end already."""
    clock = Clock(fleet.end_us, wall_us()) if speed is None else Clock(fleet.start_us, wall_us(), speed)
    with database.write() as tx:
        clocks.write(tx, fleet.site_id, clock)
    return clock


def ingest_seen_us(database: Database) -> int:
    """Wall time of the ingest worker's last heartbeat, 0 when it never ran."""
    return workers.last_beat_us(database, "ingest") or 0


def newest_cycles(database: Database, fleet: Fleet) -> dict[int, int]:
    """The newest stored cycle of each engine (0: none): one row an engine is read."""
    m, latest = t.metrics.c, t.latest.c
    query = (
        select(m.equipment_id, func.max(latest.source_us))
        .join_from(t.metrics, t.latest, m.metric_id == latest.metric_id)
        .where(m.name == MARK, m.equipment_id.startswith(f"{fleet.site_id}/", autoescape=True))
        .group_by(m.equipment_id)
    )
    with database.read() as tx:
        found: dict[str, int] = {row[0]: row[1] for row in tx.execute(query)}
    return {
        number: max(0, (found.get(fleet.equipment_id(number), fleet.start_us) - fleet.start_us) // CYCLE_US)
        for number in fleet.numbers
    }


def missing_cycles(database: Database, fleet: Fleet) -> dict[int, list[int]]:
    """The cycles of each engine that are not stored; engines that are whole are not named."""
    missing = {}
    with database.read() as tx:
        for number, count in zip(fleet.numbers, fleet.cycles, strict=True):
            found = window_data.readings(tx, fleet.equipment_id(number), [MARK], fleet.start_us, fleet.end_us)
            times = found[MARK][0] if MARK in found else np.zeros(0, np.int64)
            held = set(((times - fleet.start_us) // CYCLE_US).tolist())
            left = [cycle for cycle in range(1, count + 1) if cycle not in held]
            if left:
                missing[number] = left
    return missing


def score_fleet(database: Database, served: Served, fleet: Fleet, progress: Progress | None = None) -> Scored:
    """Score every engine at its last cycle, and at each SCORED_EVERY-th before it."""
    return score_range(
        database, served, fleet.start_us, fleet.end_us, site_id=fleet.site_id, every=SCORED_EVERY,
        progress=progress,
    )  # fmt: skip


def figures(database: Database, served: Served, fleet: Fleet, data: DataSpec) -> dict[str, float]:
    """The keys of `evaluate failure`, from the newest stored prediction of every engine.

    The truth file is read here and nowhere else. NotFound when an engine has no prediction.
    """
    card: Card = served.judge.model.card
    truth = cmapss.truth(data, len(fleet.numbers))
    with database.read() as tx:
        lives = [store.newest_life(tx, served.judge.key, fleet.equipment_id(n)) for n in fleet.numbers]
    for number, life in zip(fleet.numbers, lives, strict=True):
        if life is None:
            raise NotFound(f"engine {number} has no prediction")
    rul = np.array(lives, dtype=np.float32)
    scores = session.Scores(np.zeros(len(rul), np.float32), rul)
    return evaluate.engine_figures(scores, truth, card.life_limit)


def _begun(database: Database, fleet: Fleet) -> int | None:
    """Where an earlier replay of the same site began, None without one."""
    with database.read() as tx:
        found = window_data.readings(tx, fleet.equipment_id(fleet.numbers[0]), [MARK], 0, wall_us())
    times = found[MARK][0] if MARK in found else np.zeros(0, np.int64)
    return int(times[0]) - CYCLE_US if len(times) else None
