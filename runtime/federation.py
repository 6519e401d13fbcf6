"""Runs federated training over Flower: one SuperLink, one SuperNode a plant, one bounded run.

Flower lives in an environment of its own (`make .venv-federated/.stamp`); here are only its processes.
Each node is told the folder of its own plant and no other. All end when the run ends or its time is up.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import SettingsError, TaktwiseError

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv-federated" / "bin"
STOP_S = 8.0
PROJECT = """[project]
name = "taktwise-federated"
version = "1.0.0"
license = "Apache-2.0"
dependencies = []
[tool.flwr.app]
publisher = "taktwise"
[tool.flwr.app.components]
serverapp = "asks:app"
clientapp = "answers:app"
[tool.flwr.app.config]
plants = 2
rounds = 8
answer-s = 600.0
report = ""
"""
# The run ships these lines only; what they import is each plant's own checkout.
SOURCES = {
    "asks.py": "from models.federated import server\n\napp = server.app\n",
    "answers.py": "from models.federated import node\n\napp = node.app\n",
    "pyproject.toml": PROJECT,
}


class FederatedFailed(TaktwiseError):
    """Federated training did not come to its end; the message says how far it came."""


@dataclass(frozen=True, slots=True)
class Member:
    """A plant: its name, the folder of its history, and where its copy of the model goes."""

    name: str
    data: Path
    out: Path


def available() -> bool:
    """Whether the environment with Flower is there."""
    return (BIN / "flower-superlink").is_file()


def train(
    members: list[Member], rounds: int, limit_s: float, report: Callable[[str], None]
) -> dict[str, Any]:
    """Train over all members on this machine; returns the run's figures.

    SettingsError without the environment, FederatedFailed when a plant failed or `limit_s` passed.
    """
    if not available():
        raise SettingsError("federated training needs Flower: run make .venv-federated/.stamp")
    until = time.monotonic() + limit_s
    with tempfile.TemporaryDirectory(prefix="taktwise-federated-") as folder, _processes() as start:
        work = Path(folder)
        link = _link(work, start)
        _await_port(link, work / "link.log", until)
        for member in members:
            start(work / f"{member.name}.log", node_command(member, f"127.0.0.1:{link}", ()), _env(work))
        return _run(work, len(members), rounds, until, start, report)


def _link(work: Path, start: "Start") -> int:
    port = free_port()
    (work / "config.toml").write_text(
        f'[superlink]\ndefault = "local"\n[superlink.local]\naddress = "127.0.0.1:{port}"\ninsecure = true\n',
        encoding="utf-8",
    )
    command = ["flower-superlink", "--insecure", "--host", "127.0.0.1", "--port", str(port)]
    start(work / "link.log", [*command, "--disable-runtime-dependency-installation"], _env(work))
    return port


def node_command(member: Member, link: str, secure: tuple[str, ...]) -> list[str]:
    """A plant's SuperNode; without `secure` (its TLS options) it speaks in the clear, for loopback."""
    own = {"data": member.data.resolve(), "name": member.name, "out": member.out.resolve()}
    config = " ".join(f'{key}="{value}"' for key, value in own.items())
    ends = ["--superlink", link, "--host", "127.0.0.1", "--port", str(free_port())]
    return ["flower-supernode", *(secure or ("--insecure",)), *ends, "--node-config", config]


def _run(
    work: Path, plants: int, rounds: int, until: float, start: "Start", report: Callable[[str], None]
) -> dict[str, Any]:
    app, result, log = work / "app", work / "report.json", work / "run.log"
    app.mkdir()
    for name, text in SOURCES.items():
        (app / name).write_text(text, encoding="utf-8")
    left = max(1.0, until - time.monotonic())
    config = f'plants={plants} rounds={rounds} answer-s={left:.1f} report="{result}"'
    run = start(log, ["flwr", "run", str(app), "local", "--stream", "--run-config", config], _env(work))
    told = 0
    while not result.is_file() and time.monotonic() < until:
        if run.poll() is not None and not result.is_file():
            raise FederatedFailed(f"the run ended without a model: {_tail(work)}")
        lines = [one for one in _text(log).splitlines() if "federated 0." in one]
        for line in lines[told:]:
            report(line.partition("federated ")[2])
        told = len(lines)
        time.sleep(0.2)
    if not result.is_file():
        raise FederatedFailed(f"the time was up: {_tail(work)}")
    found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return found


def _tail(work: Path) -> str:
    """The last lines of the logs that name an error."""
    found = []
    for log in sorted(work.glob("*.log")):
        lines = [line.strip(" │╭╰╮╯─") for line in _text(log).splitlines()]
        wrong = [line for line in lines if "rror" in line or line.startswith("taktwise")]
        found += [f"{log.stem}: {line}" for line in (wrong or lines)[-3:] if line]
    return " | ".join(found)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _env(work: Path) -> Mapping[str, str]:
    return {
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(ROOT),
        "FLWR_HOME": str(work),
        "FLWR_TELEMETRY_ENABLED": "0",
        "OMP_NUM_THREADS": "1",
        "HOME": os.environ.get("HOME", str(work)),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
    }


Start = Callable[[Path, list[str], Mapping[str, str]], "subprocess.Popen[bytes]"]


@contextmanager
def _processes() -> Iterator[Start]:
    """Starts processes, each in a session of its own, and ends all of them with their children."""
    running: list[subprocess.Popen[bytes]] = []

    def start(log: Path, command: list[str], env: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        whole = [shutil.which(command[0], path=env["PATH"]) or command[0], *command[1:]]
        with log.open("wb") as file:
            running.append(
                subprocess.Popen(
                    whole, stdout=file, stderr=file, stdin=subprocess.DEVNULL, env=dict(env),
                    start_new_session=True,
                )
            )  # fmt: skip
        return running[-1]

    try:
        yield start
    finally:
        for process in reversed(running):
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(STOP_S if number == signal.SIGTERM else None)
        except subprocess.TimeoutExpired:
            continue


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _await_port(port: int, log: Path, until: float) -> None:
    while time.monotonic() < until:
        with socket.socket() as one:
            one.settimeout(0.5)
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise FederatedFailed(f"Flower's SuperLink did not start: {_text(log)[-500:]}")
