"""The command that trains one failure model over several plants whose data stay where they are."""

from pathlib import Path
from typing import Annotated

import typer

from domain.errors import SettingsError
from runtime import federation
from runtime.cli import output
from runtime.federation import Member

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the command to the line."""
    group = typer.Typer(no_args_is_help=True, help="One model over several plants.")
    group.callback()(lambda: None)
    group.command("train")(train)
    app.add_typer(group, name="federated")


def train(
    plant: Annotated[list[str], typer.Option(help="NAME=DIR: a plant and its history; twice at least.")],
    out: Annotated[Path, typer.Option(help="Each plant's copy of the model goes to OUT/NAME.")],
    rounds: Annotated[int, typer.Option(min=1, max=200)] = 8,
    minutes: Annotated[float, typer.Option(help="It ends after this time.", min=0.5, max=1440)] = 60.0,
    as_json: Json = False,
) -> None:
    """Train over plants with Flower (needs make .venv-federated/.stamp): weights and sums travel, no data.

    Example: python -m runtime federated train --plant north=DIR --plant south=DIR --out build/federated
    """
    members = [_member(text, out) for text in plant]
    names = [one.name for one in members]
    if len(members) < 2 or len(set(names)) < len(names):
        raise SettingsError("--plant: two plants at least, each with a name of its own")
    with output.progress("Training over plants") as step:
        found = federation.train(members, rounds, minutes * 60, lambda line: step(float(line.split()[0])))
    shown = {**found, "copies": [str(one.out) for one in members]} if as_json else found
    output.show(shown, as_json=as_json)


def _member(text: str, out: Path) -> Member:
    name, _, folder = text.partition("=")
    if not name.replace("-", "").isalnum() or not (Path(folder) / "meta.json").is_file():
        raise SettingsError(f"--plant {text!r}: write NAME=DIR, DIR a plant's history")
    return Member(name, Path(folder), out / name)
