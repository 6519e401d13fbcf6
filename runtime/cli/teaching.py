"""`stop-cases` and `process-cases`: a plant's own stops and operations, for training."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runtime import settings as configuration
from runtime.cli import output

if TYPE_CHECKING:
    from data.store.database import Database
    from domain.time_model import Span

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
    from services.stops.teaching import write_cases

    with _lately(days) as (database, site_id, span), output.progress("Reading stops") as step:
        found = write_cases(database, site_id, span, out, span.to_us, step)
    output.show(asdict(found) | {"path": str(found.path)}, as_json=as_json)


def process_cases(
    out: Annotated[Path, typer.Option(help="Folder for operations.parquet.")],
    days: Annotated[float, typer.Option(min=1, max=3_660, help="Plant days up to now.")] = 90.0,
    as_json: Json = False,
) -> None:
    """Write the operations of this site with their settings and parts, for `train quality`.

    Example: python -m runtime process-cases --days 90 --out build/operations
    """
    from services.process.runs import write_cases

    with _lately(days) as (database, site_id, span):
        found = write_cases(database, site_id, span, out)
    output.show(asdict(found) | {"path": str(found.path)}, as_json=as_json)


@contextmanager
def _lately(days: float) -> "Iterator[tuple[Database, str, Span]]":
    """The database, the site, and its last days up to now."""
    from domain.clock import DAY
    from domain.time_model import Span
    from runtime import wiring
    from services.situation import site_at

    settings = configuration.load()
    with closing(wiring.database(settings)) as database:
        with database.read() as tx:
            now_us = site_at(tx, settings.site).now_us
        yield database, settings.site, Span(now_us - round(days * DAY), now_us)
