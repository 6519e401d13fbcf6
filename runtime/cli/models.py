"""Commands for the model registry: what is there, put a version into the shadow, judge its gates."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from runtime import settings as configuration
from runtime.cli import output

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the line."""
    group = typer.Typer(no_args_is_help=True, help="The model registry.")
    group.command("list")(listed)
    group.command("admit")(admit)
    group.command("gates")(gates)
    app.add_typer(group, name="models")


def listed(as_json: Json = False) -> None:
    """Every registered version and where it stands.

    Example: python -m runtime models list
    """
    from data.store import registry as store
    from runtime import wiring

    database = wiring.database(configuration.load())
    try:
        with database.read() as tx:
            found = store.versions(tx)
    finally:
        database.close()
    names = ("name", "version", "stage", "capability", "feature_version", "sha256", "path")
    output.rows([{name: row[name] for name in names} for row in found], as_json=as_json)


def admit(
    folder: Annotated[Path, typer.Argument(help="A model folder, as `train` writes it.")],
    reason: Annotated[str, typer.Option(help="Where it comes from, and why.")] = "",
    back: Annotated[
        float, typer.Option(help="Days of stored history that it says its mind about.", min=0, max=60)
    ] = 0.0,
    as_json: Json = False,
) -> None:
    """Put a version into the shadow of the champion: it scores beside it and advises nobody.

    --back only for days that it has not learned from.

    Example: python -m runtime models admit build/plant_failure --reason "one more year" --back 10
    """
    from models import opening
    from runtime import wiring
    from services.registry.admission import admit as take
    from services.registry.checking import check_due

    settings = configuration.load()
    database = wiring.database(settings)
    try:
        model = take(database, folder, settings.model_keep, opening.load, reason)
        said = 0
        if back:
            with output.progress("Looking back") as step:
                said = _look_back(database, model, back, step)
        check_due(database, opening.load)
    finally:
        database.close()
    card = model.card
    shown = {"name": card.name, "version": card.version, "kept in": str(model.folder), "predictions": said}
    output.show(shown, as_json=as_json)


def _look_back(database: Any, model: Any, days: float, step: Callable[[float], None]) -> int:
    from models.anomaly.machines.watcher import Watcher
    from models.classification.stops.reasoner import Reasoner
    from models.quality.adviser import Adviser
    from models.vision.session import Inspector
    from services.registry.shadowing import look_back
    from services.stops.looking_back import look_back as look_at_stops
    from services.unusual.looking_back import look_back as watch_back
    from services.vision.judging import look_back as look_at_pictures

    if isinstance(model, Inspector):
        return look_at_pictures(database, model, days, step)
    if isinstance(model, Watcher):
        return watch_back(database, model, days, step)
    if isinstance(model, Reasoner):
        return look_at_stops(database, model, days, step)
    if isinstance(model, Adviser):
        return 0  # it stands in no shadow: held-out operations judge it
    return look_back(database, model, days, step).predictions


def gates(name: str, version: str, as_json: Json = False) -> None:
    """Judge a challenger's gates now; exit 1 unless all are passed.

    Example: python -m runtime models gates plant_failure 20261121-402d6260 --json
    """
    from data.store import registry as store
    from domain.errors import NotFound
    from domain.model_gates import GateState
    from models import opening
    from runtime import wiring
    from services.registry.checking import check

    database = wiring.database(configuration.load())
    try:
        with database.read() as tx:
            row = store.version(tx, name, version)
        if row is None:
            raise NotFound(f"there is no model {name!r} {version}")
        found = check(database, row, opening.load)
    finally:
        database.close()
    rows = [
        {"gate": g.name, "state": g.state.value, "seen": g.words, "challenger": g.ours, "champion": g.theirs}
        for g in found
    ]
    output.rows(rows, as_json=as_json)
    if any(one.state != GateState.PASSED for one in found):
        raise typer.Exit(1)
