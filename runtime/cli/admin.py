"""Commands for the person who looks after the desk: database, users, checks, figures."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from domain.errors import SettingsError
from runtime import settings as configuration
from runtime.cli import output

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
BENCHES = ("kpis", "live", "start", "explain", "models", "ingest", "history", "plant", "stop", "decide")


def register(app: typer.Typer) -> None:
    """Add the commands to the line."""
    app.command("migrate")(migrate)
    app.command("doctor")(doctor)
    app.command("bench")(bench)
    users = typer.Typer(no_args_is_help=True, help="Accounts.")
    users.command("add")(add_user)
    app.add_typer(users, name="user")
    audits = typer.Typer(no_args_is_help=True, help="The audit.")
    audits.command("verify")(verify_audit)
    audits.command("export")(export_audit)
    audits.command("anchor")(anchor_audit)
    app.add_typer(audits, name="audit")


def migrate(
    write: Annotated[str, typer.Option(help="Developers: write what changed as a new version.")] = "",
) -> None:
    """Bring the database to this version's tables.

    Example: TAKTWISE_DATABASE_URL=postgresql+psycopg://... python -m runtime migrate
    """
    from data.store import migrate as migrations
    from runtime import secret_key

    if write:
        migrations.write_revision(configuration.load().store_url, write)
    else:
        settings = configuration.load()
        migrations.upgrade(settings.store_url, seal=secret_key.ensure(settings))


def doctor(as_json: Json = False) -> None:
    """Check database, broker, queue and models, one line each.

    Example: python -m runtime doctor
    """
    from runtime import doctor as checks

    found = checks.run(configuration.load())
    output.rows(found, as_json=as_json, title="Taktwise on this machine")
    if not all(row["ok"] for row in found):
        raise typer.Exit(1)


def bench(
    name: Annotated[
        str,
        typer.Argument(
            help="live, start, explain, models, ingest, history, plant, kpis, stop, decide, or all"
        ),
    ],
    as_json: Json = False,
    size: Annotated[str, typer.Option(help="kpis: full, or middle or small for a quick look.")] = "full",
    prepared: Annotated[
        Path | None, typer.Option(help="kpis: where its plant is kept; below the var folder unless said.")
    ] = None,
    only: Annotated[str, typer.Option(help="kpis: just the queries whose name holds this.")] = "",
) -> None:
    """Measure a stated figure; exit 1 when a goal is missed.

    Example: python -m runtime bench live --json
    """
    import importlib

    if name not in (*BENCHES, "all"):
        raise SettingsError(f"there is no bench {name!r}: {', '.join(BENCHES)} or all")
    names = BENCHES if name == "all" else (name,)
    if size not in ("full", "middle", "small"):
        raise SettingsError("a bench is full, middle or small")
    found = []
    folder = prepared or configuration.load().var_dir / "bench" / "kpis"
    for one in names:
        more: dict[str, Any] = {"size": size, "folder": folder, "only": only} if one == "kpis" else {}
        found += importlib.import_module(f"benchmarks.{one}").run(**more)
    output.rows(found, as_json=as_json)
    if not all(row["ok"] for row in found if row["ok"] is not None):
        raise typer.Exit(1)


def add_user(
    username: str,
    name: Annotated[str, typer.Option(help="Printed name.")],
    role: Annotated[list[str], typer.Option(help="May be given several times.")],
    scope: Annotated[list[str] | None, typer.Option(help="Equipment id; the whole site unless said.")] = None,
) -> None:
    """Make an account; the password is read from standard input.

    Example: python -m runtime user add anna --name "Anna" --role supervisor < password-file
    """
    from auth.permissions import Role
    from runtime import wiring
    from services import bootstrap

    unknown = [one for one in role if one not in {known.value for known in Role}]
    if unknown:
        raise SettingsError(f"there is no role {unknown[0]}: {', '.join(Role)}")
    settings = configuration.load()
    password = sys.stdin.readline().rstrip("\n")
    roles = [Role(one) for one in role]
    bootstrap.add_account(
        wiring.database(settings), username, name, roles, scope or [settings.site], password
    )


def verify_audit(
    as_json: Json = False,
    file: Annotated[Path | None, typer.Option(help="Check an exported JSON Lines file instead.")] = None,
    anchors: Annotated[Path | None, typer.Option(help="Folder of published anchors to compare with.")] = None,
) -> None:
    """Recompute the audit chain; exit 1 at the first entry that was changed, removed or moved.

    Example: python -m runtime audit verify --anchors /srv/anchors
    """
    from runtime import wiring
    from services import audit, audit_files

    if file is not None:
        verified = audit_files.verify_file(file)
    else:
        published = audit_files.anchors(anchors) if anchors else []
        verified = audit.verify(wiring.database(configuration.load()), published)
    output.show({"entries": verified.entries, "head": verified.head}, as_json=as_json)


def export_audit(
    out: Annotated[Path, typer.Argument(help="FILE.jsonl or FILE.pdf")],
    days: Annotated[int | None, typer.Option(help="Only the last days.", min=1)] = None,
) -> None:
    """Write the audit as JSON Lines (which proves itself) or as PDF (for people).

    Example: python -m runtime audit export audit.jsonl
    """
    from domain.clock import DAY, wall_us
    from runtime import wiring
    from services import audit_files, audit_pdf

    database = wiring.database(configuration.load())
    since = 0 if days is None else wall_us() - days * DAY
    if out.suffix == ".pdf":
        out.write_bytes(audit_pdf.pdf(database, "Audit", since))
    elif out.suffix == ".jsonl":
        with out.open("w", encoding="utf-8") as target:
            target.writelines(f"{line}\n" for line in audit_files.lines(database, since))
    else:
        raise SettingsError("the audit is written as .jsonl or .pdf")
    output.console.print(f"the audit is in {out}")


def anchor_audit(folder: Annotated[Path, typer.Argument(help="Best on another machine.")]) -> None:
    """Publish today's anchor: number and hash of the newest entry. The notify process does it daily.

    Example: python -m runtime audit anchor /srv/anchors
    """
    from runtime import wiring
    from services import audit_files

    written = audit_files.publish(wiring.database(configuration.load()), folder)
    output.console.print(f"anchor in {written}" if written else "today's anchor is there already")
