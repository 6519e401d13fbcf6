"""What a start must not wait for: the packages that one screen or one command needs."""

import subprocess
import sys

import pytest

from runtime.settings import ROOT

HEAVY = ("matplotlib", "nats", "onnxruntime", "pandas", "pika", "reportlab", "scipy", "shap", "xlsxwriter")
PARTS = {
    "runtime.web": (*HEAVY, "simulator", "pyarrow"),
    "runtime.demo": (*HEAVY, "numpy", "simulator", "streamlit"),
    "runtime.workers.ingest": (*HEAVY, "numpy", "streamlit"),
}


@pytest.mark.parametrize("module", PARTS)
def test_a_start_loads_no_heavy_package(module):
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "sqlalchemy" in loaded
    assert not loaded.intersection(PARTS[module])
