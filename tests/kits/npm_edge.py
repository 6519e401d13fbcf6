"""An edge node that is none of ours: the npm package sparkplug-client, driven by tests/peers/edge.js."""

import json
import os
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parents[1] / "peers" / "edge.js"


class NpmEdge:
    """One node with one device. `heard` is what the package told of, in order."""

    def __init__(self, peers: str, **config: str) -> None:
        self.heard: list[dict[str, Any]] = []
        self._process = subprocess.Popen(
            ["node", str(SCRIPT), json.dumps(config)],
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

    def wait(self, event: str, times: int = 1, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while self.count(event) < times:
            assert time.monotonic() < deadline, f"waited in vain for {event}: {self.heard[-5:]}"
            time.sleep(0.02)

    def kill(self) -> None:
        """As a power cut: the server publishes the will."""
        self._process.kill()
        self._process.wait(10)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                self.heard.append(json.loads(line))
        except ValueError:
            return  # the stream was closed
