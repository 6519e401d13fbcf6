"""Everything on one machine: broker, virtual plant, workers and web app under one supervisor."""

import fcntl
import json
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from data.store import schema_version
from data.store.database import Database
from domain.errors import SettingsError
from runtime import nats_server, ports, wiring
from runtime.cli.output import console
from runtime.settings import Settings
from runtime.supervisor import Program, Report, Supervisor
from services import bootstrap, clocks, workers

_SILENT = ("broker", "plant", "app")  # programs that send no heartbeat of their own
_READY_S = 60.0
_AT_ONCE = ("broker", "app", "ingest", "plant")  # the first screen with a live value needs these
_LATER_S, _APART_S = 10.0, 2.0  # the others follow one by one: each takes a core for its first seconds
PLANT = "plant"


def run(
    settings: Settings,
    speed: float,
    interval_s: float,
    messages_per_hour: float | None,
    stop: threading.Event,
) -> None:
    """Run until `stop` is set. Refuses a second run on the same var/ folder."""
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    with _only_one(settings.var_dir / "demo.lock"):
        database = wiring.database(settings)
        _bring_up_to_date(settings, database)
        bootstrap.mark_virtual(database, settings.site)  # the plant below is simulated
        clocks.resume(database, settings.site, speed, workers.last_beat_us(database, "supervisor"))
        chosen = ports.choose(settings.var_dir)
        programs = _programs(settings, chosen, _pace(interval_s, messages_per_hour))
        reporter = _Reporter(database)
        boss = Supervisor(programs, settings.var_dir / "log", reporter.hear)
        threading.Thread(target=reporter.run, args=(stop,), daemon=True).start()
        threading.Thread(target=_announce, args=(settings, chosen["web"], stop), daemon=True).start()
        boss.run(stop)
        reporter.write()
        database.close()


def _bring_up_to_date(settings: Settings, database: Database) -> None:
    """A var/ folder of an earlier version gets this version's tables."""
    if schema_version.is_current(database):
        return
    from data.store.migrate import upgrade
    from runtime import secret_key

    console.print("The database is brought to this version's tables.")
    upgrade(settings.store_url, seal=secret_key.ensure(settings))


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SettingsError(f"Taktwise runs already on {path.parent}") from error
        yield


def environment(settings: Settings, chosen: dict[str, int]) -> dict[str, str]:
    """TAKTWISE_* variables that point the workers at the embedded parts."""
    from simulator.floor.access import reader_urls
    from simulator.layout import demo as demo_layout

    password = ports.broker_password(settings.var_dir)
    foreign = reader_urls(demo_layout(), settings.var_dir / "plant")
    erp = {"erp": foreign.pop("erp")}
    return {
        "TAKTWISE_VAR_DIR": str(settings.var_dir),
        "TAKTWISE_DATABASE_URL": settings.store_url,
        "TAKTWISE_BROKER_URL": f"mqtt://127.0.0.1:{chosen['mqtt']}",
        "TAKTWISE_BROKER_USERNAME": settings.broker_username,
        "TAKTWISE_BROKER_PASSWORD": password,
        "TAKTWISE_QUEUE_URL": f"nats://{settings.broker_username}:{password}@127.0.0.1:{chosen['queue']}",
        "TAKTWISE_MES_URLS": json.dumps(settings.mes_urls or foreign),
        "TAKTWISE_ERP_URLS": json.dumps(settings.erp_urls or erp),
        "TAKTWISE_WEB_PORT": str(chosen["web"]),
    }


def _machines(settings: Settings, chosen: dict[str, int]) -> dict[str, str]:
    """The plant's own user at the broker: it may publish what machines publish, and we may not."""
    password = ports.broker_password(settings.var_dir, PLANT)
    return {
        "TAKTWISE_BROKER_USERNAME": PLANT,
        "TAKTWISE_BROKER_PASSWORD": password,
        "TAKTWISE_QUEUE_URL": f"nats://{PLANT}:{password}@127.0.0.1:{chosen['queue']}",
    }


def _pace(interval_s: float, messages_per_hour: float | None) -> list[str]:
    """How often the plant speaks, as its command wants it."""
    if messages_per_hour is not None:
        return ["--messages-per-hour", str(messages_per_hour)]
    return ["--interval", str(interval_s)]


def _programs(settings: Settings, chosen: dict[str, int], pace: list[str]) -> list[Program]:
    env = environment(settings, chosen)
    machines = env | _machines(settings, chosen)
    config = nats_server.write_config(
        settings.var_dir / "nats",
        mqtt_port=chosen["mqtt"],
        client_port=chosen["queue"],
        username=settings.broker_username,
        password=env["TAKTWISE_BROKER_PASSWORD"],
        plant_username=PLANT,
        plant_password=machines["TAKTWISE_BROKER_PASSWORD"],
    )
    binary = str(Path(sys.executable).parent / "nats-server")
    ours = [sys.executable, "-m", "runtime"]
    programs = [
        Program("broker", [binary, "-c", str(config)]),
        *_ingests(settings, ours, env),
        Program("relay", [*ours, "relay"], env),
        Program("score", [*ours, "score"], env),
        Program("watch", [*ours, "watch"], env),
        Program("report", [*ours, "report", "serve"], env),
        Program("notify", [*ours, "notify"], env),
        Program("figures", [*ours, "figures"], env),
        Program("app", [*ours, "app"], env),
        Program("plant", [*ours, "plant", *pace], machines),
    ]
    return _staggered(programs)


def _ingests(settings: Settings, ours: list[str], env: dict[str, str]) -> list[Program]:
    """One process, or as many as divide the plant among them."""
    return [
        Program(
            "ingest" if number == 1 else f"ingest {number}",
            [*ours, "ingest"],
            env | {"TAKTWISE_INGEST_NUMBER": str(number)},
        )
        for number in range(1, settings.ingest_workers + 1)
    ]


def _staggered(programs: list[Program]) -> list[Program]:
    """Who makes the first screen starts at once, in the order of `_AT_ONCE`; the others follow apart."""
    first = sorted((p for p in programs if p.name in _AT_ONCE), key=lambda p: _AT_ONCE.index(p.name))
    others = [p for p in programs if p.name not in _AT_ONCE]
    return first + [replace(p, delay_s=_LATER_S + k * _APART_S) for k, p in enumerate(others)]


class _Reporter:
    """Writes what the supervisor saw into the store, apart from it: a slow database stops no restart."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[str, Report] = {}
        self._changed: set[str] = set()
        self._lock = threading.Lock()

    def hear(self, report: Report) -> None:
        with self._lock:
            self._seen[report.name] = report
            self._changed.add(report.name)
        if report.state == "restarting":
            console.print(f"{report.name}: {report.detail}")

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(2.0):
            self.write()

    def write(self) -> None:
        with self._lock:
            due = [r for n, r in self._seen.items() if n in self._changed or n in _SILENT]
            self._changed.clear()
        for report in due:
            workers.supervised(self._database, report.name, report.pid, report.state, report.restarts)
        workers.beat(self._database, "supervisor", 0, {})


def _announce(settings: Settings, port: int, stop: threading.Event) -> None:
    url = f"http://127.0.0.1:{port}"
    began = time.monotonic()
    while not stop.wait(0.2) and time.monotonic() - began < _READY_S:
        try:
            with urllib.request.urlopen(url + "/_stcore/health", timeout=1):  # noqa: S310
                break
        except (urllib.error.URLError, OSError):
            continue
    console.print(f"\nTaktwise is at [bold]{url}[/bold]   (Ctrl-C ends it)")
    accounts = settings.var_dir / "demo-accounts.txt"
    if accounts.exists():
        console.print(accounts.read_text())
