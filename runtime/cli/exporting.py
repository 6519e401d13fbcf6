"""`export`: history as Parquet, for other tools."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import NotFound, SettingsError
from runtime import settings as configuration
from runtime.cli import output

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the command to the line."""
    app.command("export")(export)


def export(
    folder: Annotated[Path, typer.Argument(help="Where the files go.")],
    first: Annotated[
        str, typer.Option("--from", help="First day, UTC; 7 days before the last unless said.")
    ] = "",
    last: Annotated[
        str, typer.Option("--to", help="Last day, UTC; yesterday in plant time unless said.")
    ] = "",
    scope: Annotated[str, typer.Option(help="A site, area, line or machine; all unless said.")] = "",
    anew: Annotated[bool, typer.Option(help="Write days that are there already again.")] = False,
    as_json: Json = False,
) -> None:
    """Write readings, states and counts to Parquet, a file a day. Stopped, it goes on where it was.

    Example: python -m runtime export history --from 2026-11-01 --to 2026-11-20 --scope north/machining
    """
    from domain.clock import wall_us
    from runtime import wiring
    from services import clocks
    from services import export as exporting

    settings = configuration.load()
    database = wiring.database(settings)
    try:
        with database.read() as tx:
            now_us = clocks.read(tx, settings.site).plant_us(wall_us())
    except NotFound:
        now_us = wall_us()
    yesterday = datetime.fromtimestamp(now_us / 1_000_000, UTC).date() - timedelta(days=1)
    end = _day(last, "--to") if last else yesterday
    begin = _day(first, "--from") if first else end - timedelta(days=6)
    if begin > end:
        raise SettingsError(f"--from {begin} is after --to {end}")
    with output.writing(folder), output.progress("Exporting") as step:
        done = exporting.export(database, folder, begin, end, scope, now_us=now_us, anew=anew, progress=step)
    database.close()
    result = {
        "folder": str(folder), "from": str(begin), "to": str(end), **done.rows, "files": done.files,
        "files_kept": done.kept,
    }  # fmt: skip
    output.show(result, as_json=as_json)


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"{name} {text!r} is no day such as 2026-11-20") from error
