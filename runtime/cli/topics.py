"""`topics`: what a topic mapping makes of what arrives on the broker."""

import signal
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.live import Live
from rich.table import Table

from domain.errors import SettingsError
from runtime import settings as configuration
from runtime.cli import output
from runtime.cli.processes import handler

if TYPE_CHECKING:
    from rich.console import JustifyMethod

    from data.sources.topic_mapping import Topics
    from data.sources.topic_survey import Survey

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
SHOWN, LONGEST = 40, 60
DRAW_S = 1.0


def register(app: typer.Typer) -> None:
    """Add the command to the line."""
    app.command("topics")(topics)


def topics(
    watch: Annotated[bool, typer.Option("--watch", help="Listen to the broker.")] = False,
    seconds: Annotated[float | None, typer.Option(min=0.5, help="How long; else until Ctrl-C.")] = None,
    mapping: Annotated[str, typer.Option(help="File or preset; TAKTWISE_TOPICS unless said.")] = "",
    only: Annotated[str, typer.Option(help="Topics to listen to, with + and #.")] = "#",
    propose: Annotated[Path | None, typer.Option(help="Write a mapping for what none fits.")] = None,
    as_json: Json = False,
) -> None:
    """Check a topic mapping. With --watch: what arrives, what becomes of it, and a mapping for the rest.

    Example: python -m runtime topics --watch --seconds 30 --propose topics.yaml
    """
    from data.sources import topic_mapping, topic_survey
    from data.sources.topic_reading import TopicReader

    settings = configuration.load()
    which = mapping or settings.topics
    known = topic_mapping.load(which) if which else None
    if not watch:
        output.rows(_entries(known), as_json=as_json, title=which or "No mapping is set")
        return
    _usable(only, propose)
    survey = topic_survey.Survey(TopicReader(known) if known else None)
    dropped = _listen(settings, only, survey, seconds, quiet=as_json)
    proposal = survey.proposal()
    _tell(survey, proposal, dropped, as_json=as_json)
    if propose is not None and proposal:
        with output.writing(propose):
            propose.write_text(topic_survey.as_yaml(proposal), encoding="utf-8")
        output.console.print(f"A mapping for {len(proposal['topics'])} kinds of topics is in {propose}.")


def _usable(only: str, propose: Path | None) -> None:
    """What would fail after the listening is told before it. Raises SettingsError."""
    from data.sources.topic_pattern import is_filter

    if not is_filter(only):
        raise SettingsError(f"--only {only!r} is no topic filter: + is a level, # at the end all that follow")
    if propose is not None and propose.exists():
        raise SettingsError(f"{propose} is there already; a proposal overwrites nothing")
    if propose is not None and not propose.parent.is_dir():
        raise SettingsError(f"{propose} cannot be written: there is no folder {propose.parent}")


def _entries(known: "Topics | None") -> list[dict[str, object]]:
    from data.sources.topic_mapping import presets

    if known is None:
        return [{"preset": name} for name in presets()]
    return [
        {
            "entry": one.name,
            "pattern": one.pattern,
            "payload": one.payload.value,
            "device": one.device_levels,
            "stored": "at least once" if one.at_least_once else "once",
        }
        for one in known.topics
    ]


def _listen(
    settings: configuration.Settings, only: str, survey: "Survey", seconds: float | None, *, quiet: bool
) -> int:
    """Until the time is over or Ctrl-C; the table is drawn once a second meanwhile."""
    from data.sources.mqtt_listener import listen
    from runtime.brokers import brokers

    stop, drawn = threading.Event(), [0.0]
    before = signal.signal(signal.SIGINT, handler(stop))
    timer = threading.Timer(seconds, stop.set) if seconds else None
    broker = brokers(settings)[0]
    name = f"taktwise-{settings.instance}-topics-{uuid.uuid4().hex[:6]}"
    if timer:
        timer.start()
    try:
        with Live(console=output.console, auto_refresh=False, transient=True) as screen:

            def hear(topic: str, payload: bytes) -> None:
                survey.hear(topic, payload)
                if not quiet and time.monotonic() - drawn[0] >= DRAW_S:
                    drawn[0] = time.monotonic()
                    screen.update(_table(survey), refresh=True)

            return listen(broker, only, name, hear, stop)
    finally:
        signal.signal(signal.SIGINT, before)
        if timer:
            timer.cancel()


def _table(survey: "Survey") -> Table:
    from rich.text import Text

    rows = survey.rows()
    table = Table(title=f"{len(rows)} topics" + (f", the first {SHOWN}" if len(rows) > SHOWN else ""))
    for name, width in (("topic", 18), ("messages", 8), ("state", 14), ("becomes", 14), ("last", 8)):
        side: JustifyMethod = "right" if name == "messages" else "left"
        table.add_column(name, overflow="fold", min_width=width, justify=side)
    for row in rows[:SHOWN]:
        table.add_row(*(Text(str(value)[:LONGEST]) for value in row.values()))
    return table


def _tell(survey: "Survey", proposal: dict[str, Any], dropped: int, *, as_json: bool) -> None:
    from data.sources.topic_survey import as_yaml

    rows = survey.rows()
    if as_json:
        output.document(
            {
                "topics": rows,
                "left_out": survey.left_out,
                "internal": survey.internal,
                "dropped": dropped,
                "proposal": proposal,
            }
        )
        return
    output.console.print(_table(survey))
    if dropped or survey.left_out:
        output.console.print(f"{dropped} messages were not looked at, {survey.left_out} on further topics.")
    if survey.internal:
        output.console.print(f"{survey.internal} messages of the broker's own were left out.")
    if proposal:
        output.console.print("A mapping for what none fits:\n")
        output.console.print(as_yaml(proposal), markup=False, highlight=False, soft_wrap=True)
