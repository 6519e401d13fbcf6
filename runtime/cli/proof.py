"""Proof: the backtest before switching on, and past predictions computed again."""

from pathlib import Path
from typing import Annotated

import typer

from domain.errors import SettingsError
from runtime import settings as configuration
from runtime.cli import output

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the line."""
    app.command("backtest")(backtest)
    app.command("recompute")(recompute)


def backtest(
    days: Annotated[int, typer.Option(help="How far back.", min=1, max=3_650)] = 365,
    pdf: Annotated[Path | None, typer.Option(help="Write the report here.")] = None,
    anew: Annotated[bool, typer.Option(help="Forget what an earlier run has done.")] = False,
    as_json: Json = False,
) -> None:
    """Replay the plant's history as it was known then: cases, hits, misses, lead time, money, gaps.

    Stopped by Ctrl-C, the next call goes on where it was (until the end of the day).

    Example: python -m runtime backtest --days 365 --pdf backtest.pdf --json
    """
    import shutil

    from domain.clock import DAY
    from models import registry
    from runtime import wiring
    from services.backtest import pdf as paper
    from services.backtest.run import Stretch
    from services.backtest.run import backtest as run
    from services.score import serve
    from services.sites import clock_of

    settings = configuration.load()
    folder = settings.var_dir / "backtest"
    if anew:
        shutil.rmtree(folder, ignore_errors=True)
    database = wiring.database(settings)
    try:
        served = serve(database, registry.load(settings.failure_model))
        to_us = clock_of(database, settings.site).plant_us() // DAY * DAY
        stretch = Stretch(settings.site, to_us - days * DAY, to_us)
        with output.progress("Replaying") as step:
            found = run(database, served, stretch, folder, step)
    finally:
        database.close()
    if not found["machines"]:
        raise SettingsError(f"no machine of {settings.site} can be scored by this model")
    if pdf is not None:
        pdf.write_bytes(paper.write(found))
    short = {name: value for name, value in found.items() if not isinstance(value, list)}
    output.document(found) if as_json else output.show(short, as_json=False)


def recompute(
    prediction: Annotated[str, typer.Argument(help="The prediction's id; without, the newest ones.")] = "",
    newest: Annotated[int, typer.Option(help="So many of the newest.", min=1, max=100_000)] = 100,
    as_json: Json = False,
) -> None:
    """Compute past predictions again from their windows and model versions; exit 1 when one differs.

    Example: python -m runtime recompute --newest 1000 --json
    """
    from models import registry
    from runtime import wiring
    from services.score import recomputing

    database = wiring.database(configuration.load())
    try:
        models = recomputing.Models([], registry.load)
        with output.progress("Computing again") as step:
            found = recomputing.check(database, models, prediction, newest, step)
    finally:
        database.close()
    output.document(found.document()) if as_json else output.show(found.counts(), as_json=False)
    if found.other:
        raise typer.Exit(1)
