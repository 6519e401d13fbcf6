"""A NATS server of a test's own, on loopback, configured as the embedded one is."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime.nats_server import write_config
from tests.kits.ports import free_port


@dataclass(frozen=True)
class NatsServer:
    """A running server: `url` is the desk's, `plant_url` the receivers'."""

    url: str
    plant_url: str
    mqtt_port: int
    process: subprocess.Popen[bytes]


@contextmanager
def nats_server(directory: Path) -> Iterator[NatsServer]:
    """Start one, wait until it listens, end it."""
    client, mqtt = free_port(), free_port()
    config = write_config(
        directory,
        mqtt_port=mqtt,
        client_port=client,
        username="taktwise",
        password="desk",
        plant_password="plant",
    )
    program = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or "nats-server"
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen([program, "-c", str(config)], stdout=log, stderr=log)
        try:
            _listening(client, process)
            yield NatsServer(
                f"nats://taktwise:desk@127.0.0.1:{client}",
                f"nats://plant:plant@127.0.0.1:{client}",
                mqtt,
                process,
            )
        finally:
            process.terminate()
            process.wait(60)


def _listening(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("nats-server does not listen")
