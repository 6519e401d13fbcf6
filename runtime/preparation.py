"""The demo's first set-up: a plant's last 14 days, taken in, scored and advised on by the real code.

The virtual plant makes the same bytes as live; they go through the same `Ingest.take`, the same MES
reader, the same scorer and recommender. Only the broker is left out.
"""

import json
import multiprocessing
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from data.sources.messages import JSON, SPARKPLUG, RawMessage
from data.store.database import Database
from data.store.migrate import upgrade
from domain.clock import DAY, HOUR, MINUTE, Clock, wall_us
from domain.errors import Unavailable
from models import registry
from models.anomaly.machines.watcher import Watcher
from models.classification.stops.reasoner import Reasoner
from models.vision.session import Inspector
from runtime import (
    choosing,
    demo_alarms,
    demo_energy,
    demo_pictures,
    demo_quality,
    demo_site,
    ports,
    secret_key,
    wiring,
)  # fmt: skip
from runtime.cli.output import console
from runtime.demo import environment
from runtime.settings import PREPARED, Settings
from runtime.workers.mes_polls import open_all
from services import clocks
from services.history.keeper import HistoryKeeper
from services.ingest import Ingest
from services.ingest.mes import MesIntake
from services.kpi.keeping import Keeper
from services.recommend import Recommender
from services.registry.folders import register
from services.score import score_range, serve
from services.score.considering import consider_due
from services.stops.looking_back import look_back
from services.unusual.judging import watch_range
from simulator.backfill import Batch, backfill
from simulator.floor import master_data
from simulator.layout import demo
from simulator.onset import Onset
from simulator.run import open_plant

AHEAD_BATCHES = 8
POLL_S = 5.0
SEED = 7
STOPS_DAYS = 1.0
_Plant = tuple[int, Onset | None]  # the seed, and what is made to begin


def prepare(settings: Settings, *, days: float, seed: int | None, anew: bool = False) -> bool:
    """Make the database and its history unless they are there; True when something was made.

    A set-up that was broken off is begun again from nothing. Without a seed it is the demo's plant, in
    which a bearing begins to wear two days before the end (`choosing`), so that there is something to
    decide at the first sign-in; a plant of another seed is shown as it is.
    """
    mark = settings.var_dir / PREPARED
    if settings.prepared and not anew:
        return False
    _forget(settings)
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    with _bars() as bars:
        seed = _make(settings, days, seed, bars)
    mark.write_text(json.dumps({"days": days, "seed": seed, "prepared_wall_us": wall_us()}) + "\n")
    return True


def _forget(settings: Settings) -> None:
    for name in ("plant", "nats", "pictures"):
        shutil.rmtree(settings.var_dir / name, ignore_errors=True)
    for path in settings.var_dir.glob("taktwise.db*"):
        path.unlink()
    for name in (PREPARED, "demo-accounts.txt"):
        (settings.var_dir / name).unlink(missing_ok=True)


def _make(settings: Settings, days: float, seed: int | None, bars: Progress) -> int:
    model, inspector = registry.load(settings.failure_model), Inspector(settings.vision_model)
    watcher, reasoner = Watcher(settings.anomaly_model), Reasoner(settings.reason_model)
    upgrade(settings.store_url, seal=secret_key.ensure(settings))
    database = wiring.database(settings)
    now = wall_us()
    start = now - round(days * DAY)
    start -= start % (5 * MINUTE)
    _place(database, settings, now)
    onset = None
    if seed is None:
        seed = SEED
        task = bars.add_task("Choosing a machine", total=None)
        onset = choosing.choose(settings.failure_model, seed, (start, now))
        _step(bars, task, 1.0)
    _take_history(database, settings, (seed, onset), (start, now), bars)
    with database.write() as tx:
        tx.exec_driver_sql("ANALYZE")
    rolling = multiprocessing.get_context("spawn").Process(
        target=_roll_up, args=(settings.store_url,), daemon=True
    )
    rolling.start()  # on the other core, beside all that follows
    task = bars.add_task("Adding up the figures", total=None)
    keeper = Keeper(database)
    while keeper.turn().days:
        pass
    _step(bars, task, 1.0)
    task = bars.add_task("Scoring and explaining", total=1.0)
    served = serve(database, model)
    score_range(
        database, served, start, now, site_id=settings.site, progress=lambda share: _step(bars, task, share)
    )
    task = bars.add_task("Watching for what is unusual", total=1.0)
    register(database, watcher)
    span = start, now
    watch_range(
        database,
        watcher,
        served.inputs,
        span,
        site_id=settings.site,
        progress=lambda share: _step(bars, task, share),
    )
    task = bars.add_task("Proposing reasons of stops", total=1.0)
    register(database, reasoner)
    look_back(database, reasoner, STOPS_DAYS, lambda share: _step(bars, task, share))
    task = bars.add_task("Drawing control charts", total=None)
    demo_alarms.seed(database, settings.site, start, now)
    demo_energy.seed(database, settings.site, start)
    demo_quality.seed(database, settings.site, start, now)
    _step(bars, task, 1.0)
    task = bars.add_task("Looking at parts", total=None)
    demo_pictures.seed(database, inspector, now)
    _step(bars, task, 1.0)
    _advise(database, settings.site, bars)
    task = bars.add_task("Rolling up the readings", total=None)
    rolling.join()
    _step(bars, task, 1.0)
    if rolling.exitcode:
        raise Unavailable("the readings could not be rolled up; run the set-up again")
    database.close()
    return seed


def _roll_up(store_url: str) -> None:
    """Another process: readings by minute, hour and shift."""
    database = Database(store_url, pool_size=1)
    HistoryKeeper(database).catch_up()
    database.close()


def _place(database: Database, settings: Settings, now: int) -> None:
    layout = demo()
    names: dict[str, list[tuple[str, str]]] = {}
    for row in master_data(layout)["equipment_aliases"]:
        names.setdefault(row["equipment_id"], []).append((row["source"], row["external_id"]))
    demo_site.place(database, layout, names)
    demo_site.make_accounts(database, settings.site, settings.var_dir / "demo-accounts.txt")
    with database.write() as tx:
        clocks.write(tx, settings.site, Clock(now, now, 1.0))


def _take_history(
    database: Database, settings: Settings, plant: _Plant, span: tuple[int, int], bars: Progress
) -> None:
    """Simulate in one process, take in with this one; then read the MES and ERP databases."""
    task = bars.add_task("Living through the last days", total=1.0)
    context = multiprocessing.get_context("spawn")
    batches: Queue[Batch | str | None] = context.Queue(maxsize=AHEAD_BATCHES)
    process = context.Process(
        target=_simulate, args=(settings.var_dir / "plant", plant, span, batches), daemon=True
    )
    process.start()
    ingest = Ingest(database, settings.site, ahead_us=HOUR)
    for at_us, messages in _received(batches, process):
        ingest.take([_raw(topic, payload, at_us) for topic, payload in messages])
        _step(bars, task, (at_us - span[0]) / (span[1] - span[0]))
    process.join()
    _read_mes(database, settings)
    _step(bars, task, 1.0)


def _simulate(
    folder: Path, chosen: _Plant, span: tuple[int, int], batches: "Queue[Batch | str | None]"
) -> None:
    """The other process: the plant's own work, so that both cores are used."""
    try:
        seed, onset = chosen
        plant, floor = open_plant(folder, seed, span[0])
        for batch in backfill(plant, span[1], onset=onset):
            batches.put(batch)
        floor.close()
        batches.put(None)
    except Exception as error:  # noqa: BLE001  (told to the process that waits)
        batches.put(f"{type(error).__name__}: {error}")


def _received(batches: "Queue[Batch | str | None]", process: BaseProcess) -> Iterator[Batch]:
    while True:
        try:
            found = batches.get(timeout=POLL_S)
        except Empty:
            if not process.is_alive():
                raise Unavailable("the simulation ended before its time") from None
            continue
        if found is None:
            return
        if isinstance(found, str):
            raise Unavailable(f"the simulation failed: {found}")
        yield found


def _raw(topic: str, payload: bytes, at_us: int) -> RawMessage:
    source = SPARKPLUG if topic.startswith("spBv1.0/") else JSON
    return RawMessage(source, topic, payload, receive_us=at_us, wall_us=wall_us())


def _read_mes(database: Database, settings: Settings) -> None:
    env = environment(settings, dict.fromkeys(ports.PREFERRED, 1))
    urls = {key: json.loads(env[f"TAKTWISE_{key.upper()}"]) for key in ("mes_urls", "erp_urls")}
    intake = MesIntake(database)
    for name, foreign in open_all(settings.model_copy(update=urls)).items():
        intake.read(name, foreign)
        foreign.close()


def _advise(database: Database, site_id: str, bars: Progress) -> None:
    """The recommender looks at every prediction that waits, in order of time."""
    task = bars.add_task("Weighing what to do", total=None)
    recommender = Recommender(database)
    while consider_due(database, recommender.consider, recommender.worth):
        pass
    recommender.expire_due(site_id, wall_us())
    _step(bars, task, 1.0)


@contextmanager
def _bars() -> Iterator[Progress]:
    columns = (TextColumn("{task.description:<30}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        yield bars


def _step(bars: Progress, task: TaskID, share: float) -> None:
    bars.update(task, completed=share, total=1.0)
