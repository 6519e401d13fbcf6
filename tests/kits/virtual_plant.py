"""The virtual plant, its broker and ingest as the processes that `python -m runtime` starts."""

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import func, select

from data.store import tables as t
from data.store.database import Database
from domain.clock import Clock, wall_us
from runtime import demo_site
from runtime.plant_process import SENT_LOG
from runtime.settings import ROOT
from services import clocks
from simulator import sent_log
from simulator.layout import SPARKPLUG, demo
from tests.kits.broker import PASSWORD, NatsBroker


class Worker:
    """One process of the product; started, killed and started again."""

    def __init__(self, words: list[str], env: dict[str, str], folder: Path) -> None:
        self._words, self._log = words, folder / f"{words[0]}.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TAKTWISE_")}
        self._env = {**kept, **env}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "runtime", *self._words]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=log, stderr=log)

    def end(self, number: int) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        process.send_signal(number)
        return process.wait(60)

    def said(self) -> str:
        return self._log.read_text()[-3_000:]


class PlantRun:
    """The demo plant on one database: 50 machines, at `speed` and `messages_per_hour` of plant time."""

    def __init__(self, database: Database, folder: Path, *, speed: float, messages_per_hour: float) -> None:
        self.database, self.layout = database, demo()
        self.broker = NatsBroker(folder / "nats", plant_password=PASSWORD)
        now = wall_us()
        demo_site.place(database, self.layout, {})
        with database.write() as tx:
            clocks.write(tx, "north", Clock(now, now, speed))
        env = {
            "TAKTWISE_VAR_DIR": str(folder),
            "TAKTWISE_DATABASE_URL": database.url,
            "TAKTWISE_BROKER_URL": self.broker.url,
            "TAKTWISE_BROKER_PASSWORD": PASSWORD,
            "TAKTWISE_QUEUE_URL": f"nats://plant:{PASSWORD}@127.0.0.1:{self.broker.client_port}",
        }
        machines = {
            "TAKTWISE_BROKER_USERNAME": "plant",
            "TAKTWISE_PLANT_SENT_LOG": "true",
            "TAKTWISE_PLANT_MESSAGES_PER_HOUR": str(messages_per_hour),
        }
        self.ingest = Worker(["ingest"], env, folder)
        self.plant = Worker(["plant"], env | machines, folder)
        self.log = folder / "plant" / SENT_LOG
        self.sparkplug = {
            f"{self.layout.site}/{self.layout.lines[unit.line].instance}/{unit.device}": unit.equipment_id
            for unit in self.layout.units
            if unit.protocol == SPARKPLUG
        }
        self.json = {u.equipment_id: u.equipment_id for u in self.layout.units if u.protocol != SPARKPLUG}

    def __enter__(self) -> "PlantRun":
        with ExitStack() as undo:
            undo.callback(self.broker.kill)
            self.broker.start()
            undo.callback(lambda: self.ingest.end(signal.SIGKILL))
            self.ingest.start()
            self.wait(self._ingest_is_there)
            undo.callback(lambda: self.plant.end(signal.SIGKILL))
            self.plant.start()
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def wait(self, happened: Callable[[], bool], seconds: float = 240.0) -> None:
        deadline = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < deadline, self.ingest.said() + self.plant.said()
            time.sleep(0.1)

    def _ingest_is_there(self) -> bool:
        with self.database.read() as tx:
            return any(tx.execute(select(t.workers.c.heartbeat_wall_us)).scalars())

    def stored_count(self, units: list[str]) -> int:
        """How many readings of these machines are stored."""
        with self.database.read() as tx:
            return int(tx.execute(_readings(func.count(), units)).scalar_one())

    def stored(self, units: list[str]) -> dict[str, list[int]]:
        """Source times in milliseconds of the stored readings, by machine."""
        found: dict[str, list[int]] = defaultdict(list)
        with self.database.read() as tx:
            query = _readings(t.metrics.c.equipment_id, units).add_columns(t.readings.c.source_us)
            for unit, us in tx.execute(query):
                found[unit].append(us // 1_000)
        return {unit: sorted(times) for unit, times in found.items()}

    def sent(self, kinds: set[str]) -> dict[str, list[int]]:
        """What the plant's own log says, by the device's name."""
        found: dict[str, list[int]] = defaultdict(list)
        for entry in sent_log.read(self.log):
            if entry.kind in kinds:
                found[entry.device].append(entry.at_ms)
        return {device: sorted(times) for device, times in found.items()}

    def gaps(self) -> dict[str, list[tuple[int, int]]]:
        """Reported gaps in milliseconds, by device or edge node."""
        found: dict[str, list[tuple[int, int]]] = defaultdict(list)
        with self.database.read() as tx:
            for row in tx.execute(select(t.gaps)):
                found[row.external_id].append((row.from_us // 1_000, -(-row.to_us // 1_000)))
        return found


def _readings(what, units: list[str]):
    """One row a stored reading: every reading of a machine holds its counter of good parts."""
    m = t.metrics.c
    both = t.readings.join(t.metrics, m.metric_id == t.readings.c.metric_id)
    return select(what).select_from(both).where(m.name == "good_count", m.equipment_id.in_(units))
