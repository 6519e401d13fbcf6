"""SIGTERM in the midst of the main thread's own waiting."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import signal
from runtime.cli.processes import stop_on_signals
stop = stop_on_signals()
with stop._cond:  # as at the edges of stop.wait
    signal.raise_signal(signal.SIGTERM)
assert stop.wait(60)
"""


def test_a_signal_at_the_edge_of_a_wait_ends_the_process():
    done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, check=False, timeout=120)
    assert done.returncode == 0
