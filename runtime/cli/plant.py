"""Commands around the virtual plant and recorded data."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from domain.clock import micros
from domain.errors import SettingsError
from runtime import settings as configuration
from runtime.cli import output

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the line."""
    app.command("simulate")(simulate)
    app.command("replay")(replay)


def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the Parquet files.")],
    days: Annotated[float, typer.Option(min=0.1, max=3_660)] = 365.0,
    seed: Annotated[int, typer.Option()] = 1,
    machines: Annotated[int, typer.Option(min=1, max=5_000)] = 200,
    variant: Annotated[
        str, typer.Option(help="plant; other: with other parameters; unseen: and a failure mode of its own.")
    ] = "plant",
    start: Annotated[str, typer.Option(help="First day, e.g. 2026-01-04.")] = "2025-01-01",
    as_json: Json = False,
) -> None:
    """Write a virtual plant's history to Parquet, for training.

    Example: python -m runtime simulate --days 365 --seed 1 --out build/plant-1
    """
    from simulator.history import HistorySpec, write_parquet

    try:
        start_us = micros(datetime.fromisoformat(start).replace(tzinfo=UTC))
    except ValueError as error:
        raise SettingsError(f"--start {start!r} is no day such as 2026-01-04") from error
    spec = HistorySpec(days=days, seed=seed, machines=machines, variant=variant, start_us=start_us)
    with output.progress("Simulating") as step:
        result = write_parquet(spec, out, lambda done, total: step(done / total))
    output.show(result, as_json=as_json)


def replay(
    kind: Annotated[str, typer.Argument(help="cmapss")],
    data: Annotated[Path, typer.Option(help="Folder with the set's original files.")],
    subset: Annotated[str, typer.Option("--set", help="FD001")] = "FD001",
    speed: Annotated[str, typer.Option(help="max, or plant seconds per second.")] = "max",
    as_json: Json = False,
) -> None:
    """Send recorded machines through the broker as a shadow site, and judge what was predicted.

    Example: python -m runtime replay cmapss --data ../shared/datasets/cmapss --set FD001 --speed max --json
    """
    if kind != "cmapss":
        raise SettingsError(f"{kind!r} cannot be replayed; cmapss can")
    from runtime import replay as replaying

    with output.progress("Replaying") as step:
        result = replaying.replay_cmapss(configuration.load(), data, subset, speed, progress=step)
    output.show(result, as_json=as_json)
