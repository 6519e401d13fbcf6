"""Fixtures for the whole suite. Unit tests reach nothing but this machine's loopback."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts
from sqlalchemy import create_engine

from data.store.database import Database

POSTGRES_URL = os.environ.get("TAKTWISE_TEST_POSTGRES_URL", "")
MARIADB_URL = os.environ.get("TAKTWISE_TEST_MARIADB_URL", "")
MOSQUITTO_URL = os.environ.get("TAKTWISE_TEST_MOSQUITTO_URL", "")
PEERS = os.environ.get("TAKTWISE_TEST_PEERS", "")
RABBITMQ_URL = os.environ.get("TAKTWISE_TEST_RABBITMQ_URL", "")
# An example may take as long as it takes: a busy machine is slow. What CI sets besides stays as it is.
settings.register_profile(
    "suite", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")
LOOPBACK_FOLDERS = ("tests/contract", "tests/e2e", "tests/faults")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Sockets are closed in unit tests; tests of real parts may use loopback."""
    real = item.get_closest_marker("services") or item.get_closest_marker("browser")
    folder = item.path.relative_to(item.config.rootpath).as_posix()
    if real or folder.startswith(LOOPBACK_FOLDERS) or item.get_closest_marker("loopback"):
        enable_socket()
        socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    else:
        disable_socket(allow_unix_socket=True)


def pytest_runtest_teardown() -> None:
    """Leave the next test with a clean slate."""
    enable_socket()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A fresh SQLite database with every table."""
    fresh = Database(f"sqlite:///{tmp_path / 'taktwise.db'}")
    fresh.create_all()
    yield fresh
    fresh.close()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Leave the counts for the last line of `make test`; with CI=true a skip for want of a service fails."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    counts = {name: len(reporter.stats.get(name, [])) for name in ("passed", "failed", "error", "skipped")}
    build = session.config.rootpath / "build"
    build.mkdir(exist_ok=True)
    failed = counts["failed"] + counts["error"]
    line = f"tests: {counts['passed']} passed, {failed} failed, {counts['skipped']} skipped\n"
    (build / "test-counts").write_text(line)


def needs(url: str, name: str) -> str:
    """The URL of a service, or a visible skip; with CI=true its absence is a failure."""
    if url:
        return url
    message = f"{name} is not there (make services)"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A database of its own on the PostgreSQL server, dropped afterwards."""
    import psycopg

    server = needs(POSTGRES_URL, "PostgreSQL").replace("postgresql+psycopg://", "postgresql://")
    name = f"taktwise_test_{os.getpid()}_{os.urandom(4).hex()}"
    with psycopg.connect(server, autocommit=True) as connection:
        # template1 may be in use for a moment (autovacuum): a busy server waits for that in vain
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    yield POSTGRES_URL.rsplit("/", 1)[0] + "/" + name
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    """A fresh PostgreSQL database with every table."""
    fresh = Database(postgres_url)
    fresh.create_all()
    yield fresh
    fresh.close()


@pytest.fixture
def mariadb_url() -> Iterator[str]:
    """A database of its own on the MariaDB server, dropped afterwards."""
    server = create_engine(needs(MARIADB_URL, "MariaDB"), isolation_level="AUTOCOMMIT")
    name = f"taktwise_test_{os.getpid()}_{os.urandom(4).hex()}"
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield MARIADB_URL.rsplit("/", 1)[0] + "/" + name
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    server.dispose()


@pytest.fixture
def mosquitto_url() -> str:
    """mqtt:// URL of Mosquitto."""
    return needs(MOSQUITTO_URL, "Mosquitto")


@pytest.fixture
def peers() -> str:
    """The node_modules folder with the npm packages that the tests talk to."""
    return needs(PEERS, "npm with the packages of tests/peers")


@pytest.fixture
def rabbitmq_url() -> str:
    """amqp:// URL of RabbitMQ."""
    return needs(RABBITMQ_URL, "RabbitMQ")
