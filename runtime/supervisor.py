"""Keeps the processes of one machine running: restarts each with back-off, ends them all together.

Every child runs in a session of its own, so that Ctrl-C reaches the supervisor alone; on Linux the
kernel ends the children when the supervisor itself is killed.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

FIRST_WAIT_S, LONGEST_WAIT_S, HEALTHY_AFTER_S = 0.5, 30.0, 60.0
STOP_S = 10.0
LOG_LIMIT = 10_000_000
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Program:
    """A command to keep running. `delay_s`: it leaves the first seconds to the others."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restarts: int = 0
    wait_s: float = FIRST_WAIT_S
    due: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """What changed with a program: `state` is running, restarting or stopped."""

    name: str
    pid: int
    state: str
    restarts: int
    detail: str


class Supervisor:
    """Runs programs until `stop` is set. `report` hears of every start, crash and end."""

    def __init__(self, programs: Sequence[Program], log_dir: Path, report: Callable[[Report], None]) -> None:
        began = time.monotonic()
        self._children = [_Child(program, due=began + program.delay_s) for program in programs]
        self._log_dir = log_dir
        self._report = report
        log_dir.mkdir(parents=True, exist_ok=True)

    def run(self, stop: Event) -> None:
        """Start all, watch all; end all when `stop` is set or an error leaves this function."""
        try:
            while not stop.is_set():
                for child in self._children:
                    self._tend(child)
                stop.wait(0.1)
        finally:
            self._end()

    def _tend(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.due:
                self._start(child)
            return
        status = child.process.poll()
        if status is None:
            if now - child.started > HEALTHY_AFTER_S:
                child.wait_s = FIRST_WAIT_S
            return
        child.process = None
        child.restarts += 1
        child.due = now + child.wait_s
        self._tell(child, 0, "restarting", f"ended with status {status}; again in {child.wait_s:.1f} s")
        child.wait_s = min(child.wait_s * 2, LONGEST_WAIT_S)

    def _start(self, child: _Child) -> None:
        path = self._log_dir / f"{child.program.name}.log"
        keep = path.exists() and path.stat().st_size < LOG_LIMIT
        with path.open("ab" if keep else "wb") as log:
            child.process = subprocess.Popen(
                child.program.argv,
                env={**os.environ, **child.program.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
            )
        child.started = time.monotonic()
        self._tell(child, child.process.pid, "running", "")

    def _end(self) -> None:
        running = [child for child in self._children if child.process is not None]
        for child in reversed(running):
            _signal(child.process, signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        for child in running:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(child.process, signal.SIGKILL)
                child.process.wait()
            self._tell(child, 0, "stopped", "")

    def _tell(self, child: _Child, pid: int, state: str, detail: str) -> None:
        self._report(Report(child.program.name, pid, state, child.restarts, detail))


def _signal(process: "subprocess.Popen[bytes] | None", number: int) -> None:
    if process is not None and process.poll() is None:
        process.send_signal(number)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
