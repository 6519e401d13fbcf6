"""A NATS server of its own for a test, with the embedded configuration."""

import socket
import subprocess
import sys
import time
from pathlib import Path

from runtime.nats_server import write_config
from tests.kits.ports import free_port

PASSWORD = "test-only"
BINARY = Path(sys.executable).parent / "nats-server"


class NatsBroker:
    """`start`, `kill` (kill -9) and `start` again on the same data."""

    def __init__(self, directory: Path, *, plant_password: str = "") -> None:
        self.mqtt_port, self.client_port = free_port(), free_port()
        self.config = write_config(
            directory,
            mqtt_port=self.mqtt_port,
            client_port=self.client_port,
            username="taktwise",
            password=PASSWORD,
            plant_password=plant_password,
        )
        self._log = directory / "nats.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.mqtt_port}"

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([BINARY, "-c", self.config], stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for port in (self.mqtt_port, self.client_port):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)):
                        break
            else:
                return
            time.sleep(0.05)
        raise TimeoutError(self._log.read_text())

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
