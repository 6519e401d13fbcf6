"""Bins of several plants made by Dask's processes are those of one process."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from domain.errors import SettingsError
from models.failure import fleet, plant
from models.features.plant import FEATURE_VERSION
from tests.models.training import ROOT, command, python_with

CODE = """
import json, sys
from pathlib import Path
from models.failure import fleet
print(json.dumps(fleet.bin_all([Path(one) for one in sys.argv[2:]], sys.argv[1])))
"""


def by_dask(address: str, *folders: Path) -> subprocess.CompletedProcess[str]:
    """`fleet.bin_all` where Dask is; else a visible skip."""
    python = python_with("distributed")
    there = subprocess.run([python, "-c", "import distributed"], check=False, capture_output=True)
    if there.returncode:
        pytest.skip("this training environment is older than its lock file (make train)")
    words = [python, "-c", CODE, address, *map(str, folders)]
    return subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True)


@pytest.mark.train
@pytest.mark.slow
def test_two_processes_make_the_same_bins(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("north", "south")]
    for seed, folder in enumerate(folders):
        words = ("simulate", "--out", str(folder), "--seed", str(seed + 31), "--days", "3", "--machines", "5")
        assert command(*words).returncode == 0
    done = by_dask("local:2", *folders)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == 10
    for folder in folders:
        kept = folder / f"bins-{FEATURE_VERSION}.npz"
        with np.load(kept) as file:
            said = {name: file[name] for name in file.files}
        kept.unlink()
        assert plant.binned(str(folder)) == 5
        with np.load(kept) as file:
            assert set(file.files) == set(said)
            assert all(np.array_equal(file[name], said[name], equal_nan=True) for name in said)


def test_an_address_that_says_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        fleet.bin_all([tmp_path], "local:many")
