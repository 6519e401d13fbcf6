"""`stop-cases` and `process-cases`: a plant's own stops and operations, for training."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from runtime import settings as configuration
from runtime.cli import output

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the line."""
    app.command("stop-cases")(stop_cases)
    app.command("process-cases")(process_cases)


def stop_cases(
    out: Annotated[Path, typer.Option(help="Folder for stops.parquet.")],
    days: Annotated[float, typer.Option(min=1, max=3_660, help="Plant days up to now.")] = 90.0,
    as_json: Json = False,
) -> None:
    """Write the stops of this site with the reasons that may teach, for `train classification`.

    Example: python -m runtime stop-cases --days 90 --out build/stops
    """
    from domain.clock import DAY
    from domain.time_model import Span
    from runtime import wiring
    from services.situation import site_at
    from services.stops.teaching import write_cases

    settings = configuration.load()
    database = wiring.database(settings)
    try:
        with database.read() as tx:
            now_us = site_at(tx, settings.site).now_us
        span = Span(now_us - round(days * DAY), now_us)
        with output.progress("Reading stops") as step:
            found = write_cases(database, settings.site, span, out, now_us, step)
    finally:
        database.close()
    output.show(asdict(found) | {"path": str(found.path)}, as_json=as_json)


def process_cases(
    out: Annotated[Path, typer.Option(help="Folder for operations.parquet.")],
    days: Annotated[float, typer.Option(min=1, max=3_660, help="Plant days up to now.")] = 90.0,
    as_json: Json = False,
) -> None:
    """Write the operations of this site with their settings and parts, for `train quality`.

    Example: python -m runtime process-cases --days 90 --out build/operations
    """
    from domain.clock import DAY
    from domain.time_model import Span
    from runtime import wiring
    from services.process.runs import write_cases
    from services.situation import site_at

    settings = configuration.load()
    database = wiring.database(settings)
    try:
        with database.read() as tx:
            now_us = site_at(tx, settings.site).now_us
        found = write_cases(database, settings.site, Span(now_us - round(days * DAY), now_us), out)
    finally:
        database.close()
    output.show(asdict(found) | {"path": str(found.path)}, as_json=as_json)
