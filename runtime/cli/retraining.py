"""The command that trains a model at work anew, once somebody has signed for it."""

from typing import Annotated

import typer

from domain.errors import SettingsError
from runtime import capabilities
from runtime import settings as configuration
from runtime.cli import output

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
CALIBRATE = ""


def register(app: typer.Typer) -> None:
    """Add the command to the line."""
    app.command("retrain")(retrain)


def retrain(
    data: Annotated[
        str, typer.Option(help="plant:DIR to train the whole network; without, its chances are calibrated.")
    ] = CALIBRATE,
    anyway: Annotated[str, typer.Option(help="Why it is done without an approved case.")] = "",
    as_json: Json = False,
) -> None:
    """Run the approved case of a model; what comes out stands in the shadow (needs make train).

    Example: python -m runtime retrain --json
    """
    from models.failure.card import read_card
    from runtime import wiring
    from services.watching import retraining

    settings = configuration.load()
    name, database = read_card(settings.failure_model).name, wiring.database(settings)
    order = None
    try:
        order = retraining.approved(database, settings.site, name, anyway)
        reason = anyway or (order.reason if order else "")
        with output.progress("Training") as step:
            if data == CALIBRATE:
                found = retraining.calibrate(database, settings.site, name, settings.model_keep, reason, step)
            else:
                row = capabilities.find("failure")
                spec, work = row.data(data), row.command("train")
                told = lambda out: work(spec, out, report=lambda _text, share: step(share))  # noqa: E731
                found = retraining.train(database, settings.model_keep, told, reason)
        retraining.done(database, order, found.version)
    except ModuleNotFoundError as error:
        retraining.failed(database, order, error)
        raise SettingsError(f"training needs {error.name}: run make train, or use .venv-train") from error
    except BaseException as error:
        retraining.failed(database, order, error)
        raise
    finally:
        database.close()
    shown = {"name": found.name, "version": found.version, "how": found.how, **found.figures}
    output.show(shown | {"predictions in the shadow": found.predictions}, as_json=as_json)
