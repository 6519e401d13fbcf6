"""Commands about the approval policy."""

from pathlib import Path
from typing import Annotated

import typer

from domain.errors import SettingsError
from runtime import settings as configuration
from runtime.cli import output

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the line."""
    policies = typer.Typer(no_args_is_help=True, help="The approval policy.")
    policies.command("check")(check)
    policies.command("show")(show)
    app.add_typer(policies, name="policy")


def check(
    file: Annotated[Path | None, typer.Argument(help="A policy file; the one in force unless said.")] = None,
    scenarios: Annotated[Path | None, typer.Option(help="Scenarios; those of the desk unless said.")] = None,
    as_json: Json = False,
) -> None:
    """Run scenarios against a policy and show the verdicts; exit 1 when one is not as expected.

    Example: python -m runtime policy check my-policy.yaml --scenarios my-scenarios.yaml
    """
    from services.policy import bench
    from services.policy.file import SCENARIOS, read_policy

    text = _text(file) if file else _in_force()
    verdicts = bench.run(read_policy(text), _text(scenarios or SCENARIOS))
    rows = [
        {"scenario": v.name, "expected": v.expected, "verdict": v.verdict, "ok": v.ok, "why": v.why}
        for v in verdicts
    ]
    output.rows(rows, as_json=as_json, title="What the policy says")
    if not all(v.ok for v in verdicts):
        raise typer.Exit(1)


def show() -> None:
    """Print the policy in force, as a file to change and to propose on the Policy screen.

    Example: python -m runtime policy show > my-policy.yaml
    """
    typer.echo(_in_force(), nl=False)


def _in_force() -> str:
    from runtime import wiring
    from services.policy.current import text_in_force

    database = wiring.database(configuration.load())
    try:
        return text_in_force(database)
    finally:
        database.close()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
