"""The gateway's link to its broker over TLS, against a real Mosquitto that asks for a certificate."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from data.edge import gateway_file
from data.edge.gateway_file import GatewayFile
from data.store.database import Database
from domain.errors import SettingsError
from runtime.cli.gateway import check
from runtime.settings import Settings
from runtime.workers.gateway import Gateway
from tests.contract.test_gateway import at_work, stored
from tests.contract.test_ingest_worker import detail, running, wait
from tests.kits.opcua_server import NAMESPACE, OpcUaServer
from tests.kits.tls import MOSQUITTO, Authority, TlsMosquitto

HERE = "127.0.0.1"
pytestmark = [pytest.mark.services, pytest.mark.skipif(not MOSQUITTO, reason="Mosquitto is not installed")]


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ours")


@pytest.fixture
def clients(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "clients", "Clients")


@pytest.fixture
def broker(tmp_path: Path, ours: Authority, clients: Authority) -> Iterator[TlsMosquitto]:
    with TlsMosquitto(tmp_path / "broker", ours.sign("broker", address=HERE), clients) as found:
        yield found


@pytest.fixture
def plc() -> Iterator[OpcUaServer]:
    found = OpcUaServer({"Temperature": 20.0})
    found.start()
    yield found
    found.close()


def written(
    folder: Path, port: int, url: str, ca: Path, mine: tuple[Path, Path] | None, host: str = HERE
) -> Path:
    certificates = {"certificate": str(mine[0]), "key": str(mine[1])} if mine else {}
    metric = {"node": f"nsu={NAMESPACE};s=Temperature", "metric": "temperature"}
    given = {
        "group": "north", "node": "gw",
        "broker": {"url": f"mqtts://{host}:{port}", "ca": str(ca), **certificates},
        "sources": [{"name": "press", "opcua": {"url": url, "security": "none"}, "metrics": [metric]}],
    }  # fmt: skip
    path = folder / "gateway.yaml"
    path.write_text(yaml.safe_dump(given))
    return path


def file_for(*given: object) -> GatewayFile:
    return gateway_file.load(written(*given))  # type: ignore[arg-type]


def refused(file: GatewayFile, caplog: pytest.LogCaptureFixture, words: str) -> None:
    """The gateway says these words of why there is no broker, and there is none."""
    caplog.clear()
    with at_work(file) as gateway:
        wait(lambda: any("no broker at" in line and words in line for line in caplog.messages))
        assert not gateway.forwarder.node.connected


def test_readings_go_over_tls_with_a_certificate_of_ours(
    database: Database, tmp_path: Path, broker: TlsMosquitto, ours: Authority, clients: Authority,
    plc: OpcUaServer,
) -> None:  # fmt: skip
    certificate, key = clients.sign("desk")
    settings = Settings(
        var_dir=tmp_path, database_url=database.url, broker_url=f"mqtts://{HERE}:{broker.port}",
        broker_ca=ours.pem, broker_certificate=certificate, broker_key=key,
    )  # fmt: skip
    file = file_for(tmp_path, broker.port, plc.url, ours.pem, clients.sign("gateway"))
    with running(settings), at_work(file):
        wait(lambda: detail(database).get("sparkplug") == "connected")
        wait(lambda: bool(stored(database, "temperature")))
        plc.write("Temperature", 42.5)
        wait(lambda: 42.5 in [value for value, _ in stored(database, "temperature").values()])


def test_a_broker_that_our_authority_did_not_sign_is_refused(
    tmp_path: Path,
    broker: TlsMosquitto,
    clients: Authority,
    plc: OpcUaServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    mine = clients.sign("gateway")
    other = Authority(tmp_path / "other", "Somebody else")
    file = file_for(tmp_path, broker.port, plc.url, other.pem, mine)
    refused(file, caplog, "certificate verify failed")


def test_a_broker_of_another_name_is_refused(
    tmp_path: Path,
    broker: TlsMosquitto,
    ours: Authority,
    clients: Authority,
    plc: OpcUaServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    mine = clients.sign("gateway")
    file = file_for(tmp_path, broker.port, plc.url, ours.pem, mine, "localhost")
    refused(file, caplog, "not valid for 'localhost'")


def test_the_broker_refuses_a_gateway_without_its_certificate_or_with_a_strangers(
    tmp_path: Path,
    broker: TlsMosquitto,
    ours: Authority,
    plc: OpcUaServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for mine in (None, ours.sign("stranger")):
        refused(file_for(tmp_path, broker.port, plc.url, ours.pem, mine), caplog, "broke")


def test_files_of_no_use_are_told_by_the_check_and_at_the_start(tmp_path: Path, ours: Authority) -> None:
    nothing = tmp_path / "nothing.pem"
    path = written(tmp_path, 1, "opc.tcp://127.0.0.1:4840", nothing, None)
    for reads in (check, lambda file: Gateway(gateway_file.load(file))):
        with pytest.raises(SettingsError, match="TLS files cannot be used"):
            reads(path)
    good = written(tmp_path, 1, "opc.tcp://127.0.0.1:4840", ours.pem, ours.sign("gateway"))
    check(good)
