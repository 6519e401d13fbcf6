"""Fixtures for the whole suite. Unit tests reach nothing but this machine's loopback."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts

from data.store.database import Database

POSTGRES_URL = os.environ.get("TAKTWISE_TEST_POSTGRES_URL", "")
MOSQUITTO_URL = os.environ.get("TAKTWISE_TEST_MOSQUITTO_URL", "")
RABBITMQ_URL = os.environ.get("TAKTWISE_TEST_RABBITMQ_URL", "")
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
