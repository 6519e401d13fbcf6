"""Commands for reports: make one now, or serve the schedules."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import SettingsError
from runtime import settings as configuration
from runtime.cli import output
from runtime.cli.processes import stop_on_signals

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the line."""
    group = typer.Typer(no_args_is_help=True, help="Reports: shift, day, week as PDF and XLSX.")
    group.command("make")(make)
    group.command("serve")(serve)
    app.add_typer(group, name="report")


def make(
    kind: Annotated[str, typer.Argument(help="shift, day or week")],
    day: Annotated[
        str, typer.Option(help="A day in it, YYYY-MM-DD; the last one that ended unless said.")
    ] = "",
    scope: Annotated[str, typer.Option(help="Site, area or line; the site unless said.")] = "",
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path(),
    form: Annotated[list[str] | None, typer.Option("--format", help="pdf or xlsx; both unless said.")] = None,
    as_json: Json = False,
) -> None:
    """Make the reports of a period and write them to a folder.

    Example: python -m runtime report make day --day 2026-11-20 --out /tmp
    """
    from domain.reporting import Format, Kind
    from runtime import wiring
    from services.reports import now

    try:
        wanted = Kind(kind)
        formats = [Format(one) for one in form or list(Format)]
        at = date.fromisoformat(day) if day else None
    except ValueError as error:
        raise SettingsError(f"shift, day or week; pdf or xlsx; a day as YYYY-MM-DD: {error}") from error
    settings = configuration.load()
    made = now.make(wiring.database(settings), scope or settings.site, wanted, at, formats)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for report, document in made:
        path = out / document.name
        path.write_bytes(document.content)
        written.append(
            {"file": str(path), "period": report.period.name, "provisional": "; ".join(report.provisional)}
        )
    output.rows(written, as_json=as_json)


def serve() -> None:
    """Make what the schedules ask for, as it falls due.

    Example: TAKTWISE_SMTP_URL=smtp://mail.example:587 python -m runtime report serve
    """
    from runtime.workers import report as worker

    worker.main(configuration.load(), stop_on_signals())
