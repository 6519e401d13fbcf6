"""`replay cmapss`: recorded engines through the real broker, into the store, scored like any machine."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from data.store.database import Database
from domain.clock import SECOND
from domain.errors import SettingsError, Unavailable
from models import registry
from models.dataspec import DataSpec
from models.failure import cmapss
from runtime import replay_place
from runtime.replay_edge import Engines
from runtime.settings import Settings
from services import replay
from services.recommend import Recommender
from services.replay import Fleet
from services.score import serve
from services.score.considering import consider_due

METRICS = (*cmapss.COLUMNS[2:], "cycle")
AHEAD = 8  # cycles of the whole fleet on their way
STALL_S = 3.0
GIVE_UP_S = 120.0
Progress = Callable[[float], None]
Row = tuple[float, ...]


def replay_cmapss(
    settings: Settings, data_dir: Path, subset: str, speed: str, progress: Progress = lambda _: None
) -> dict[str, float]:
    """Replay the test engines of a subset; the figures of `evaluate`, from the stored predictions.

    Broker and ingest worker are those that run; where none does, they run for as long as this takes.
    Raises SettingsError for a wrong speed, folder or model, Unavailable when nobody stores the data.
    """
    pace = _speed(speed)
    data = DataSpec.parse(f"cmapss:{data_dir}:{subset}", ("cmapss",))
    model = registry.load(settings.cmapss_model)
    if model.card.data.subset != subset:
        raise SettingsError(
            f"the model in {settings.cmapss_model} is for {model.card.data.subset}, not {subset}"
        )
    engines = cmapss.engines(data, "test")
    rows = _rows(engines)
    with ExitStack() as stack:
        place = stack.enter_context(replay_place.place(settings))
        database = replay_place.database(settings)
        stack.callback(database.close)
        served = serve(database, model)
        fleet = replay.place_fleet(database, subset, engines)
        replay.set_clock(database, fleet, pace)
        stack.enter_context(replay_place.ingest(place.desk, database))
        _send(place.machines, database, fleet, rows, pace, lambda share: progress(0.5 * share))
        replay.score_fleet(database, served, fleet, lambda share: progress(0.5 + 0.4 * share))
        recommender = Recommender(database)
        while consider_due(database, recommender.consider, recommender.worth):
            continue
        progress(1.0)
        return replay.figures(database, served, fleet, data)


def _speed(text: str) -> float | None:
    """None for `max`."""
    if text == "max":
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 100_000:
        raise SettingsError(f"--speed {text!r}: write max, or plant seconds per second, up to 100000")
    return value


def _rows(engines: list[cmapss.Engine]) -> dict[int, list[Row]]:
    """Operational settings, sensors and cycle number of every cycle, by engine."""
    return {
        engine.unit: [
            (*line, float(engine.first + place)) for place, line in enumerate(engine.readings.tolist())
        ]
        for engine in engines
    }


def _send(
    settings: Settings,
    database: Database,
    fleet: Fleet,
    rows: dict[int, list[Row]],
    pace: float | None,
    progress: Progress,
) -> None:
    node = Engines(settings, fleet.site_id, replay.NODE, METRICS)
    node.connect()
    try:
        node.born({fleet.device(n): (fleet.at_us(1), rows[n][0]) for n in fleet.numbers})
        begun, last = time.monotonic(), max(fleet.cycles)
        for cycle in range(2, last + 1):
            if pace is not None:
                time.sleep(max(0.0, begun + cycle * replay.CYCLE_US / SECOND / pace - time.monotonic()))
            for number in fleet.numbers:
                if cycle <= len(rows[number]):
                    node.data(fleet.device(number), fleet.at_us(cycle), rows[number][cycle - 1])
            _wait(database, fleet, cycle - AHEAD, node)
            progress(cycle / last)
        _wait(database, fleet, last, node)
        _complete(database, fleet, rows, node)
    finally:
        node.close()


def _wait(database: Database, fleet: Fleet, cycle: int, node: Engines) -> None:
    """Wait until every engine is stored up to a cycle, STALL_S at most: what is lost is sent again later."""
    deadline = time.monotonic() + STALL_S
    while cycle > 0 and time.monotonic() < deadline:
        newest = replay.newest_cycles(database, fleet)
        if all(newest[n] >= min(cycle, c) for n, c in zip(fleet.numbers, fleet.cycles, strict=True)):
            return
        node.serve_rebirth()
        time.sleep(0.05)


def _complete(database: Database, fleet: Fleet, rows: dict[int, list[Row]], node: Engines) -> None:
    """Send what is not stored again, as history, until nothing is missing."""
    deadline = time.monotonic() + GIVE_UP_S
    while missing := replay.missing_cycles(database, fleet):
        if time.monotonic() > deadline:
            count = sum(len(cycles) for cycles in missing.values())
            raise Unavailable(f"{count} cycles were sent and not stored: is the ingest worker well?")
        for number, cycles in missing.items():
            for cycle in cycles:
                values = rows[number][cycle - 1]
                node.data(fleet.device(number), fleet.at_us(cycle), values, historical=True)
        time.sleep(STALL_S / 2)
        node.serve_rebirth()
