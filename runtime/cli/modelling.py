"""Commands for models: train, evaluate, predict, explain. Data are named KIND:DIR[:SUBSET]."""

from pathlib import Path
from typing import Annotated

import typer

from domain.errors import SettingsError
from models.failure.dataspec import DataSpec
from runtime.cli import output

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Capability = Annotated[str, typer.Argument(help="failure")]
Data = Annotated[str, typer.Option(help="KIND:DIR[:SUBSET], e.g. cmapss:../shared/datasets/cmapss:FD001")]
Model = Annotated[Path, typer.Option(help="The model's folder.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the line."""
    for function in (train, evaluate, predict, explain):
        app.command(function.__name__)(function)


def _spec(capability: str, data: str) -> DataSpec:
    if capability != "failure":
        raise SettingsError(f"{capability!r} is no capability; failure is")
    return DataSpec.parse(data)


def train(
    capability: Capability, data: Data, out: Annotated[Path, typer.Option()], as_json: Json = False
) -> None:
    """Train a model (needs the training environment: make train).

    Example: python -m runtime train failure --data cmapss:DIR:FD001 --out build/cmapss_fd001
    """
    spec = _spec(capability, data)
    try:
        from models.failure import train as training
    except ModuleNotFoundError as error:
        raise SettingsError(f"training needs {error.name}: run make train, or use .venv-train") from error
    with output.progress("Training") as step:
        figures = training.train(spec, out, report=lambda _text, share: step(share))
    output.show(figures, as_json=as_json)


def evaluate(capability: Capability, model: Model, data: Data, as_json: Json = False) -> None:
    """Judge a model against the set's truth; without truth: exit 2.

    Example: python -m runtime evaluate failure --model MODEL --data cmapss:DIR:FD001 --json
    """
    spec = _spec(capability, data)
    from models.failure import evaluate as evaluation

    output.show(evaluation.evaluate(model, spec), as_json=as_json)


def predict(capability: Capability, model: Model, data: Data, out: Annotated[Path, typer.Option()]) -> None:
    """Write one row per case, in input order, to a CSV file. Needs no truth.

    Example: python -m runtime predict failure --model MODEL --data cmapss:DIR:FD001 --out rul.csv
    """
    spec = _spec(capability, data)
    from models.failure import predict as prediction

    count = prediction.predict(model, spec, out)
    output.console.print(f"{count} rows in {out}")


def explain(
    capability: Capability, model: Model, data: Data, case: Annotated[str, typer.Option(help="Unit.")]
) -> None:
    """SHAP values of one case, as JSON.

    Example: python -m runtime explain failure --model MODEL --data cmapss:DIR:FD001 --case 24
    """
    spec = _spec(capability, data)
    from runtime import explaining

    output.document(explaining.explain(model, str(spec), case))
