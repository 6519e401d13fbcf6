"""Commands for pictures: rendered parts of the virtual plant, into a folder or sent as a camera would."""

from pathlib import Path
from typing import Annotated

import typer

from domain.errors import SettingsError
from runtime.cli import output

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the command to the line."""
    app.command("pictures")(pictures)


def pictures(
    out: Annotated[Path, typer.Option(help="Folder; a folder is made in it for each label.")],
    each: Annotated[int, typer.Option(min=1, max=20_000, help="Pictures of each label.")] = 400,
    seed: Annotated[int, typer.Option()] = 1,
    variant: Annotated[
        str, typer.Option(help="plant, or other: another lamp and a noisier camera.")
    ] = "plant",
    as_json: Json = False,
) -> None:
    """Draw parts of the virtual plant, good and with defects, for training.

    Example: python -m runtime pictures --out build/pictures/train --each 400 --seed 1
    """
    from simulator.pictures.folder import write
    from simulator.pictures.render import STUDIOS

    if variant not in STUDIOS:
        raise SettingsError(f"--variant {variant!r}: {' or '.join(STUDIOS)}")
    with output.progress("Drawing") as step:
        found = write(out, each, seed, variant, step)
    output.show(found, as_json=as_json)
