"""The command line. Exit code 0: done; 1: the work failed or a goal was missed; 2: wrong use or settings.

`--json` prints one JSON document on standard output and nothing else; logs go to standard error.
"""

import logging
import sys

import typer

from domain.errors import SettingsError, TaktwiseError
from runtime.cli import (
    admin,
    exporting,
    federated,
    gateway,
    modelling,
    models,
    pictures,
    plant,
    policy,
    processes,
    proof,
    reports,
    retraining,
    teaching,
    topics,
)

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for part in (
    processes,
    plant,
    pictures,
    modelling,
    models,
    federated,
    retraining,
    teaching,
    reports,
    policy,
    proof,
    topics,
    exporting,
    gateway,
    admin,
):
    part.register(app)


def main() -> None:
    """Run a command; turn the errors of domain/errors.py into one line and an exit code."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.captureWarnings(True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        app()
    except SettingsError as error:
        _leave(error, 2)
    except TaktwiseError as error:
        _leave(error, 1)


def _leave(error: TaktwiseError, status: int) -> None:
    sys.stderr.write(f"taktwise: {error}\n")
    raise SystemExit(status)
