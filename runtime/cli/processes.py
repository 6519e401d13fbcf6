"""Commands that run: everything at once, or one process."""

import _thread
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Annotated

import typer

from runtime import settings as configuration

Speed = Annotated[float, typer.Option(help="Plant seconds per wall second.", min=0.01, max=20_000)]
Interval = Annotated[
    float, typer.Option(help="Plant seconds between two messages of a machine.", min=0.05, max=3_600)
]
Rate = Annotated[
    float | None, typer.Option(help="Messages of the whole plant per plant hour, instead of --interval.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the line."""
    for function in (prepare, demo, app_, ingest, score, relay, figures, notify, watch, plant):
        app.command(function.__name__.rstrip("_"))(function)


def stop_on_signals() -> threading.Event:
    """An event that Ctrl-C or SIGTERM sets."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler(stop))
    return stop


def handler(stop: threading.Event) -> Callable[[int, FrameType | None], None]:
    """A signal handler that has another thread set `stop`.

    A handler runs in the midst of what the main thread does, also where that holds the event's own lock, as
    it does at the edges of `stop.wait`: setting the event there would wait for itself for good.
    """

    def ask(_number: int, _frame: FrameType | None) -> None:
        _thread.start_new_thread(stop.set, ())

    return ask


def prepare(
    days: Annotated[float, typer.Option(help="Days of history.", min=0.25, max=60)] = 14.0,
    seed: Annotated[
        int | None, typer.Option(help="Which plant; without, the demo's, with a machine that wears out.")
    ] = None,
    anew: Annotated[bool, typer.Option(help="Forget what is there.")] = False,
) -> None:
    """Make the demo's database and history, unless it is there already.

    Example: python -m runtime prepare --days 14
    """
    settings = configuration.load()
    if settings.prepared and not anew:  # said before the heavy imports: `make run` asks each time
        return
    from runtime import preparation

    preparation.prepare(settings, days=days, seed=seed, anew=anew)


def demo(speed: Speed = 1.0, interval: Interval = 5.0, messages_per_hour: Rate = None) -> None:
    """Run everything on this machine until Ctrl-C.

    Example: python -m runtime demo --speed 60
    """
    from runtime import demo as everything

    everything.run(configuration.load(), speed, interval, messages_per_hour, stop_on_signals())


def app_() -> None:
    """The web app alone.

    Example: TAKTWISE_DATABASE_URL=postgresql+psycopg://... python -m runtime app
    """
    from runtime import web_server

    web_server.serve(configuration.load())


def ingest() -> None:
    """Take what machines and MES databases say into the store.

    Example: TAKTWISE_BROKER_URL=mqtt://broker:1883 python -m runtime ingest
    """
    from runtime.workers import ingest as worker

    worker.main(configuration.load(), stop_on_signals())


def score() -> None:
    """Predict failures and explain them as data arrive.

    Example: python -m runtime score
    """
    from runtime.workers import score as worker

    worker.main(configuration.load(), stop_on_signals())


def relay() -> None:
    """Carry decided orders to the MES and ERP queues, and their receipts back.

    Example: TAKTWISE_QUEUE_URL=amqp://user:password@host/ python -m runtime relay
    """
    from runtime.workers import relay as worker

    worker.main(configuration.load(), stop_on_signals())


def notify() -> None:
    """Tell people that cases wait: in the desk, by e-mail, webhook and MQTT.

    Example: TAKTWISE_SMTP_URL='smtp://mail:25' python -m runtime notify
    """
    from runtime.workers import notify as worker

    worker.main(configuration.load(), stop_on_signals())


def figures() -> None:
    """Keep classified time and KPI roll-ups up to date.

    Example: python -m runtime figures
    """
    from runtime.workers import figures as worker

    worker.main(configuration.load(), stop_on_signals())


def watch() -> None:
    """Keep control charts and alarms up to date as data arrive.

    Example: python -m runtime watch
    """
    from runtime.workers import watch as worker

    worker.main(configuration.load(), stop_on_signals())


def plant(interval: Interval = 5.0, messages_per_hour: Rate = None) -> None:
    """The virtual plant: 50 machines, 5 MES and an ERP.

    Example: python -m runtime plant --messages-per-hour 20000
    """
    from runtime import plant_process

    plant_process.main(configuration.load(), interval, messages_per_hour, stop_on_signals())
