"""Trains through the command line, with this interpreter or the training environment's."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def python_with(*libraries: str) -> str:
    """An interpreter that has the libraries; else a visible skip."""
    if all(importlib.util.find_spec(name) for name in libraries):
        return sys.executable
    other = ROOT / ".venv-train" / "bin" / "python"
    if other.is_file():
        return str(other)
    return pytest.skip(f"{', '.join(libraries)} not installed (make train)")


def command(*words: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """`python -m runtime ...` with clean settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAKTWISE_")}
    return subprocess.run(
        [python, "-m", "runtime", *words],
        cwd=ROOT, check=False, capture_output=True, text=True, env={**kept, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def train(capability: str, data: str, out: Path, *libraries: str) -> dict[str, Any]:
    """The figures that training prints."""
    words = ("train", capability, "--data", data, "--out", str(out), "--json")
    done = command(*words, python=python_with(*libraries))
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found
