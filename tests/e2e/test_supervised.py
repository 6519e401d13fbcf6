"""`python -m runtime demo` as a person runs it: taken ports, a second run, Ctrl-C, and a start after that."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from data.store import tables as t
from data.store.database import Database
from runtime.ports import PREFERRED
from services import clocks
from tests.e2e.conftest import ROOT, environment, wait_until_ready

PARTS = {"broker", "ingest", "score", "relay", "app", "plant"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with six hours of history."""
    var = tmp_path_factory.mktemp("small") / "var"
    command = [sys.executable, "-m", "runtime", "prepare", "--days", "0.25", "--seed", "7"]
    subprocess.run(command, cwd=ROOT, env=environment(var), check=True, timeout=600)
    return var


def demo(var: Path, out: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "runtime", "demo"]
    with out.open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, env=environment(var), stdout=log, stderr=log)


@contextmanager
def occupied(port: int) -> Iterator[None]:
    """Somebody has the port; when that is not us, it is taken all the same."""
    with closing(socket.socket()) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of earlier tests linger
        try:
            taken.bind(("127.0.0.1", port))
            taken.listen()
        except OSError:
            pass
        yield


def pids(database: Database) -> dict[str, int]:
    w = t.workers.c
    with database.read() as tx:
        return dict(tx.execute(select(w.name, w.pid).where(w.name.in_(PARTS))).all())


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def seen(database: Database) -> tuple[int, int]:
    """Readings stored, and plant time."""
    with database.read() as tx:
        count = tx.execute(select(func.count()).select_from(t.readings)).scalar_one()
        return int(count), clocks.read(tx, "north").plant_us()


def stop(process: "subprocess.Popen[bytes]") -> int:
    process.send_signal(signal.SIGINT)
    return process.wait(120)


@pytest.mark.slow
def test_it_shares_a_machine_refuses_a_second_run_ends_cleanly_and_resumes(small: Path) -> None:
    out, database = small / "demo.out", Database(f"sqlite:///{small / 'taktwise.db'}")
    with occupied(PREFERRED["web"]), occupied(PREFERRED["mqtt"]):
        first = demo(small, out)
        try:
            wait_until_ready(small, first)
            ports = json.loads((small / "ports.json").read_text())
            assert ports["web"] != PREFERRED["web"]
            assert ports["mqtt"] != PREFERRED["mqtt"]
            second = subprocess.run(
                [sys.executable, "-m", "runtime", "demo"],
                check=False, cwd=ROOT, env=environment(small), capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            assert second.returncode == 2
            assert second.stderr.strip().splitlines()[-1].startswith("taktwise: Taktwise runs already on")
            assert first.poll() is None
            children = _all_of_them(database)
        finally:
            assert stop(first) == 0, out.read_text()[-2_000:]
    assert not [name for name, pid in children.items() if pid and alive(pid)]
    assert "Traceback" not in out.read_text()
    before, plant_us = seen(database)
    again = demo(small, out)
    try:
        wait_until_ready(small, again)
        assert json.loads((small / "ports.json").read_text()) == ports
        _wait_for_more(database, before)
        assert seen(database)[1] > plant_us
    finally:
        assert stop(again) == 0
        database.close()


def _all_of_them(database: Database) -> dict[str, int]:
    """Every part by its process; those that the first screen does not need start one by one."""
    end = time.monotonic() + 240
    while not set(found := pids(database)) >= PARTS:
        assert time.monotonic() < end, f"only {sorted(found)} have started"
        time.sleep(0.5)
    return found


def _wait_for_more(database: Database, before: int) -> None:
    end = time.monotonic() + 240
    while seen(database)[0] <= before:
        assert time.monotonic() < end, "nothing more is stored"
        time.sleep(0.5)
