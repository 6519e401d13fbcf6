"""Training from end to end on small data. Needs the training environment (torch)."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from models.dataspec import DataSpec
from models.failure.card import read_card
from models.failure.evaluate import evaluate
from models.registry import load
from tests.models.test_cmapss import write_engines

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import json, sys
from dataclasses import replace
from pathlib import Path
from models.failure import recipes, problem
recipe = replace(recipes.CMAPSS, width=8, epochs=2, folds=2, batch=64, steps=20)
import models.failure.train as train
train.cmapss_problem = lambda data: problem.cmapss_problem(data, recipe)
from models.dataspec import DataSpec
print(json.dumps(train.train(DataSpec.parse(sys.argv[1], ("cmapss",)), Path(sys.argv[2]))))
"""


def python_with_torch():
    """This interpreter, or the training environment's; else a visible skip."""
    if importlib.util.find_spec("torch"):
        return sys.executable
    other = ROOT / ".venv-train" / "bin" / "python"
    if other.is_file():
        return str(other)
    return pytest.skip("torch is not installed (make train)")


@pytest.mark.train
@pytest.mark.slow
def test_training_writes_a_folder_that_can_be_loaded_and_judged(tmp_path):
    write_engines(tmp_path / "train_FD001.txt", (140, 160, 150, 145), 1)
    write_engines(tmp_path / "test_FD001.txt", (31, 120, 60, 77), 2)
    (tmp_path / "RUL_FD001.txt").write_text("112\n20\n100\n60\n", encoding="utf-8")
    spec, out = f"cmapss:{tmp_path}:FD001", tmp_path / "model"
    done = subprocess.run(
        [python_with_torch(), "-c", CODE, spec, str(out)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    figures, card = json.loads(done.stdout), read_card(out)
    assert card.settings["width"] == 8
    assert load(out).card.sha256 == card.sha256
    found = evaluate(out, DataSpec.parse(spec, ("cmapss",)))
    assert found["rmse_clipped"] == pytest.approx(figures["rmse_clipped"], abs=0.01)
