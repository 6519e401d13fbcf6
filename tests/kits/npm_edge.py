"""Peers that are none of ours, driven by scripts in tests/peers: the npm packages sparkplug-client (edge.js)
and node-opcua (opcua.js)."""

import json
import os
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[1] / "peers"


class NpmPeer:
    """One process of a script. `heard` is what it told of, in order."""

    def __init__(self, script: str, peers: str, **config: object) -> None:
        self.heard: list[dict[str, Any]] = []
        self._process = subprocess.Popen(
            ["node", str(SCRIPTS / script), json.dumps(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "NODE_PATH": peers},
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def act(self, name: str, **fields: object) -> None:
        """Let it do something, and wait until it has."""
        assert self._process.stdin is not None
        before = self.count("done")
        self._process.stdin.write(json.dumps({"act": name, **fields}) + "\n")
        self._process.stdin.flush()
        self.wait("done", before + 1)

    def count(self, event: str) -> int:
        return sum(found["event"] == event for found in self.heard)

    def wait(self, event: str, times: int = 1, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while self.count(event) < times:
            assert time.monotonic() < deadline, f"waited in vain for {event}: {self.heard[-5:]}"
            time.sleep(0.02)

    def kill(self) -> None:
        """As a power cut: the server publishes the will."""
        self._process.kill()
        self._process.wait(60)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                if line.startswith("{"):  # packages also print warnings
                    self.heard.append(json.loads(line))
        except ValueError:
            return  # the stream was closed


class NpmEdge(NpmPeer):
    """An edge node with one device."""

    def __init__(self, peers: str, **config: str) -> None:
        super().__init__("edge.js", peers, **config)


class NpmOpcUa(NpmPeer):
    """An OPC UA server, secured, with one user."""

    def __init__(self, peers: str, **config: object) -> None:
        super().__init__("opcua.js", peers, **config)
