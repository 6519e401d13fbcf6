"""`gateway`: the edge gateway, and what one needs to set it up."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import SettingsError
from runtime.cli import output
from runtime.cli.processes import stop_on_signals

if TYPE_CHECKING:
    from data.edge.gateway_file import GatewayFile
    from data.edge.shelf import Shelf

File = Annotated[Path, typer.Argument(help="The gateway file.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
DAYS = 730
group = typer.Typer(
    no_args_is_help=True, help="Read OPC UA and Modbus TCP at the machines, send Sparkplug B."
)


def register(app: typer.Typer) -> None:
    """Add the commands to the line."""
    app.add_typer(group, name="gateway")


@group.command()
def run(file: File = Path("gateway.yaml")) -> None:
    """Run the gateway until Ctrl-C. It needs neither the desk nor its database.

    Example: OVEN_PASSWORD=... python -m runtime gateway run gateway.yaml
    """
    from runtime.workers import gateway as worker

    worker.main(file, stop_on_signals())


@group.command()
def check(file: File = Path("gateway.yaml"), as_json: Json = False) -> None:
    """Check a gateway file, and show what it would send. Nothing is connected.

    Example: python -m runtime gateway check gateway.yaml
    """
    from data.edge import gateway_file
    from data.edge.node import columns_of
    from runtime.workers.gateway import check_servers

    found = gateway_file.load(file)
    _ = found.broker.tls.context()  # files of no use are told here
    check_servers(found)
    rows = [
        {
            "device": f"{found.group}/{found.node}/{device}",
            "metric": column.name,
            "unit": column.reporting.unit,
            "deadband": column.reporting.deadband,
            "sampling_ms": column.reporting.sampling_ms,
            "aggregate_s": column.reporting.aggregate_s,
            "limit": column.reporting.limit,
        }
        for device, columns in columns_of(found).items()
        for column in columns
    ]
    output.rows(rows, as_json=as_json, title=str(file))


@group.command()
def browse(
    url: Annotated[str, typer.Argument(help="opc.tcp://host:port")],
    under: Annotated[str, typer.Option(help="Node below which to look.")] = "i=85",
    security: Annotated[str, typer.Option(help="none, Basic256Sha256/Sign or .../SignAndEncrypt.")] = "none",
    certificate: Annotated[Path | None, typer.Option(help="Our certificate.")] = None,
    key: Annotated[Path | None, typer.Option(help="Our key.")] = None,
    server_certificate: Annotated[Path | None, typer.Option(help="The server's certificate.")] = None,
    username: Annotated[str, typer.Option(help="User at the server.")] = "",
    password_env: Annotated[str | None, typer.Option(help="Variable that holds the password.")] = None,
    as_json: Json = False,
) -> None:
    """List the variables of an OPC UA server, with their node ids, to be copied into a gateway file.

    Example: python -m runtime gateway browse opc.tcp://oven:4840
    """
    import asyncio

    from pydantic import ValidationError

    from data.edge import opcua
    from data.edge.gateway_parts import OpcUaPart

    given = {
        "url": url, "security": security, "certificate": certificate, "key": key,
        "server_certificate": server_certificate, "username": username, "password_env": password_env,
    }  # fmt: skip
    try:
        server = OpcUaPart.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        what = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{first['loc'][-1] if first['loc'] else url}: {what}") from error
    found = asyncio.run(opcua.browse(server, under))
    output.rows([one._asdict() for one in found], as_json=as_json, title=f"{len(found)} variables of {url}")


@group.command()
def certificate(
    folder: Annotated[Path, typer.Argument(help="Where the two files go.")] = Path(),
    name: Annotated[str, typer.Option(help="Host name of this gateway.")] = "taktwise-gateway",
) -> None:
    """Make a certificate (gateway.der) and key (gateway.pem) for secured OPC UA connections.

    The certificate goes to every server, which has to trust it.

    Example: python -m runtime gateway certificate certs
    """
    from data.edge import certificates

    with output.writing(folder):
        made = certificates.make(folder, name, DAYS)
    output.console.print(f"{made[0]} (give it to the servers) and {made[1]} (keep it here), for {DAYS} days.")


@group.command()
def status(file: File = Path("gateway.yaml"), as_json: Json = False) -> None:
    """What the gateway's store says: when it last lived, what waits, what was dropped, which servers answer.

    Example: python -m runtime gateway status gateway.yaml --json
    """
    from data.edge import gateway_file

    found = gateway_file.load(file)
    shelf = _shelf(found)
    waiting, oldest_ms = shelf.waiting()
    servers = {source.name: shelf.fact(f"present/{source.name}") for source in found.sources}
    said: dict[str, object] = {
        "last_alive": _when(shelf.fact("alive_ms")),
        "host_online": bool(shelf.fact("online")),
        "readings_waiting": waiting,
        "oldest_waiting": _when(oldest_ms),
        "readings_dropped": shelf.fact("dropped") or 0,
        **{f"server {name}": "answers" if here else "away" for name, here in servers.items()},
    }
    shelf.close()
    output.show(said, as_json=as_json)


@group.command()
def alerts(file: File = Path("gateway.yaml"), most: int = 50, as_json: Json = False) -> None:
    """The newest local alerts.

    Example: python -m runtime gateway alerts gateway.yaml --most 10
    """
    from data.edge import gateway_file

    found = gateway_file.load(file)
    shelf = _shelf(found)
    rows = [
        {"at": _when(alert.at_ms), "alert": str(alert), "raised": alert.raised}
        for _, alert in shelf.alerts(most)
    ]
    shelf.close()
    output.rows(rows, as_json=as_json, title=f"Alerts of {found.group}/{found.node}")


def _shelf(found: "GatewayFile") -> "Shelf":
    """The store of a gateway that has run. Raises SettingsError where there is none, and makes none."""
    from data.edge.shelf import Shelf

    if not found.store.file.exists():
        raise SettingsError(f"there is no store at {found.store.file}: this gateway has never run")
    return Shelf(found.store.file, found.store.rows)


def _when(ms: int | None) -> str | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
