"""Commands for models: train, evaluate, predict, explain. Data are named KIND:DIR[:SUBSET]."""

from pathlib import Path
from typing import Annotated

import typer

from domain.errors import SettingsError
from runtime import capabilities
from runtime.cli import output

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Name = Annotated[str, typer.Argument(metavar="CAP", help=", ".join(capabilities.TABLE))]
Data = Annotated[str, typer.Option(help="KIND:DIR[:SUBSET], e.g. cmapss:../shared/datasets/cmapss:FD001")]
Model = Annotated[Path, typer.Option(help="The model's folder.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the line."""
    for function in (train, evaluate, predict, explain):
        app.command(function.__name__)(function)


def train(capability: Name, data: Data, out: Annotated[Path, typer.Option()], as_json: Json = False) -> None:
    """Train a model (needs the training environment: make train).

    Example: python -m runtime train failure --data cmapss:DIR:FD001 --out build/cmapss_fd001
    """
    row = capabilities.find(capability)
    spec = row.data(data)
    try:
        work = row.command("train", spec.kind)
        with output.progress("Training") as step:
            figures = work(spec, out, report=lambda _text, share: step(share))
    except ModuleNotFoundError as error:
        raise SettingsError(f"training needs {error.name}: run make train, or use .venv-train") from error
    output.show(figures, as_json=as_json)


def evaluate(capability: Name, model: Model, data: Data, as_json: Json = False) -> None:
    """Judge a model against the set's truth; without truth: exit 2.

    Example: python -m runtime evaluate failure --model MODEL --data cmapss:DIR:FD001 --json
    """
    row = capabilities.find(capability)
    spec = row.data(data)
    output.show(row.command("evaluate", spec.kind)(model, spec), as_json=as_json)


def predict(capability: Name, model: Model, data: Data, out: Annotated[Path, typer.Option()]) -> None:
    """Write one row per case, in input order, to a CSV file. Needs no truth.

    Example: python -m runtime predict failure --model MODEL --data cmapss:DIR:FD001 --out rul.csv
    """
    row = capabilities.find(capability)
    spec = row.data(data)
    count = row.command("predict", spec.kind)(model, spec, out)
    output.console.print(f"{count} rows in {out}")


def explain(
    capability: Name,
    model: Model,
    data: Data,
    case: Annotated[str, typer.Option(help="The case: its unit, its id, or FILE[@TIMESTAMP].")],
    out: Annotated[Path | None, typer.Option(help="Vision: where the picture with its regions goes.")] = None,
) -> None:
    """SHAP values of one case, as JSON.

    Example: python -m runtime explain failure --model MODEL --data cmapss:DIR:FD001 --case 24
    """
    row = capabilities.find(capability)
    if out is not None and capability != "vision":
        raise SettingsError("--out is for pictures: vision writes one")
    more = (out,) if capability == "vision" else ()
    spec = row.data(data)
    output.document(row.command("explain", spec.kind)(model, spec, case, *more))
