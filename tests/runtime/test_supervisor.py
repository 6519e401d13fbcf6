"""Programs are kept running, and end together."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from runtime.ports import choose, is_free
from runtime.supervisor import Program, Report, Supervisor
from tests.kits.ports import free_port

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def wait_for(condition, seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_crashed_program_starts_again_and_all_end_together(tmp_path: Path) -> None:
    reports: list[Report] = []
    stop = threading.Event()
    boss = Supervisor([Program("a", SLEEPER), Program("b", SLEEPER)], tmp_path, reports.append)
    thread = threading.Thread(target=boss.run, args=(stop,))
    thread.start()

    def running(name: str) -> list[int]:
        return [r.pid for r in reports if r.name == name and r.state == "running"]

    assert wait_for(lambda: running("a") and running("b"))
    os.kill(running("a")[0], signal.SIGKILL)
    assert wait_for(lambda: len(running("a")) == 2)
    assert any(r.state == "restarting" and r.restarts == 1 for r in reports)
    pids = running("a")[1:] + running("b")
    stop.set()
    thread.join(60)
    assert not any(alive(pid) for pid in pids)


def test_a_program_with_a_delay_leaves_the_first_seconds_to_the_others(tmp_path: Path) -> None:
    reports: list[Report] = []
    stop = threading.Event()
    programs = [Program("late", SLEEPER, delay_s=3_600), Program("soon", SLEEPER, delay_s=0.2)]
    thread = threading.Thread(target=Supervisor(programs, tmp_path, reports.append).run, args=(stop,))
    thread.start()
    assert wait_for(lambda: any(r.name == "soon" for r in reports))
    stop.set()
    thread.join(60)
    assert {r.name for r in reports} == {"soon"}
    assert not alive(reports[0].pid)


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys,threading;from pathlib import Path;from runtime.supervisor import *;"
        "s=Supervisor([Program('a',[sys.executable,'-c','import time; time.sleep(60)'])],"
        f"Path({str(tmp_path)!r}),lambda r: print(r.pid,flush=True));s.run(threading.Event())"
    )
    boss = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert boss.stdout is not None
    child = int(boss.stdout.readline())
    boss.kill()
    boss.wait()
    boss.stdout.close()
    assert wait_for(lambda: not alive(child))


@pytest.mark.loopback
def test_a_taken_port_gets_the_next_free_one_and_is_remembered(tmp_path: Path, monkeypatch) -> None:
    import socket

    with socket.socket() as other:
        taken = free_port()
        other.bind(("127.0.0.1", taken))
        other.listen()
        monkeypatch.setattr("runtime.ports.PREFERRED", {"web": taken, "mqtt": taken, "queue": taken})
        ports = choose(tmp_path)
        assert not is_free(taken)
        assert len({taken, *ports.values()}) == 4
    assert choose(tmp_path) == ports
