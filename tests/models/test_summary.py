"""The failure network's second branch, in the training environment (torch), and its file without it."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from models.failure import session
from models.failure.card import read_card
from models.failure.recipes import CMAPSS, PLANT
from tests.models.test_artifacts import ARTIFACTS
from tests.models.training import ROOT, python_with

STEPS, VALUES, MASKS, GROUPS = 32, 5, 3, 2
MADE = """
import sys
from pathlib import Path
import numpy as np, torch
from models.failure import train
from models.failure.network import Calibrated, FailureNetwork, Scaling, Served, Shape
from models.failure.samples import Layout
torch.manual_seed(3)
windows = np.load(sys.argv[1])
layout = Layout(5, 3, 2, (0, 1, 1, 2, 2))
scaling = Scaling(torch.full((2, 5), 0.5), torch.full((2, 5), 2.0))
members = [FailureNetwork(layout, scaling, 6, Shape(width=8, summary=16)).eval() for _ in range(3)]
edges, read = torch.linspace(0, 168, 7), torch.zeros(7, 2)
read[1, 0] = read[3, 1] = 1.0
found = Calibrated((1.5, -0.3), 4.0, read, torch.tensor([[-1.0, 0.5, 0.5], [-0.5, 0.5, 0.5]]))
served = Served(members, edges, found, 3).eval()
out = Path(sys.argv[2])
train.export(served, windows[:2], out / "model.onnx")
with torch.no_grad():
    said = served(torch.from_numpy(windows))
np.savez(out / "said.npz", probability=said[0].numpy(), rul=said[1].numpy(), horizons=said[2].numpy())
"""
TOLD = """
import json
import torch
from models.failure.network import FailureNetwork, Scaling, Shape
from models.failure.samples import Layout
layout = Layout(2, 1, 1, (0, 0))
scaling = Scaling(torch.zeros(1, 2), torch.ones(1, 2))
network = FailureNetwork(layout, scaling, 4, Shape(width=4, summary=6)).eval()
window = torch.zeros(1, 32, 4)
window[0, :, 2:] = 1.0
window[0, :, 0] = 1.0
window[0, -4:, 0] = 3.0
window[0, :, 1] = torch.arange(32) / 8.0
lost = window.clone()
lost[0, -4:, 2] = 0.0
junk = lost.clone()
junk[0, -4:, :2] = 700.0
told = [network.summary.told(network.scaled(one))[0].tolist() for one in (window, lost, junk)]
plain = FailureNetwork(layout, scaling, 4, Shape(width=4))
said = [[float(x.detach().sum()) for x in network(one)] for one in (lost, junk)]
names = [name for name in plain.state_dict() if name.startswith("summary")]
heads = [network.risk.in_features, plain.risk.in_features]
print(json.dumps({"told": told, "said": said, "names": names, "heads": heads}))
"""


def torched(code: str, *words: str) -> str:
    done = subprocess.run(
        [python_with("torch"), "-c", code, *words], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A small served network with the branch, exported, and the windows that it was asked."""
    out = tmp_path_factory.mktemp("summary")
    draw = np.random.default_rng(5)
    windows = draw.normal(0.5, 2.0, (9, STEPS, VALUES + MASKS + GROUPS)).astype(np.float32)
    windows[:, :, VALUES : VALUES + MASKS] = draw.random((9, STEPS, MASKS)) < 0.8
    windows[:, :, VALUES + MASKS :] = np.eye(GROUPS, dtype=np.float32)[np.arange(9) % GROUPS][:, None]
    np.save(out / "windows.npy", windows)
    torched(MADE, str(out / "windows.npy"), str(out))
    return out, windows


@pytest.mark.train
@pytest.mark.slow
def test_the_exported_file_answers_as_the_network_alone_and_together(made):
    out, windows = made
    said = np.load(out / "said.npz")
    opened = session.open_session(out / "model.onnx")
    together = session.run(opened, windows)
    np.testing.assert_allclose(together.probability, said["probability"], atol=1e-5)
    np.testing.assert_allclose(together.rul, said["rul"], atol=1e-3)
    np.testing.assert_allclose(session.fetch(opened, "horizons", windows), said["horizons"], atol=1e-5)
    alone = np.concatenate([session.run(opened, window[None]).probability for window in windows])
    np.testing.assert_allclose(alone, together.probability, atol=1e-5)
    assert np.ptp(together.probability) > 0


@pytest.mark.train
@pytest.mark.slow
def test_what_a_masked_sensor_holds_is_not_seen_and_counts_as_usual():
    found = json.loads(torched(TOLD))
    window, lost, junk = found["told"]
    recent, late, mean, spread, trend, rest = (lost[2 * k : 2 * k + 2] for k in range(6))
    assert window[:6] == pytest.approx([3.0, 29.5 / 8, 1.5, 23.5 / 8, 1.25, 15.5 / 8])
    assert window[8:] == pytest.approx([1.0, 3.0, 1.0, 1.0])  # trend, mask, group
    assert recent == [0.0, 0.0]
    assert late == pytest.approx([0.75, (23.5 * 16 - 29.5 * 4) / 16 / 8])
    assert mean[0] == pytest.approx(28 / 32) and spread[0] == pytest.approx(
        (28 / 32 * 4 / 32) ** 0.5, abs=1e-5
    )
    assert trend[0] == pytest.approx(-0.5) and rest == [0.0, 1.0]
    assert junk == lost and found["said"][0] == found["said"][1]
    assert found["names"] == [] and found["heads"] == [7, 4]


@pytest.mark.parametrize("name", ["cmapss_fd001", "plant_failure"])
def test_a_card_from_before_the_branch_reads_as_none(name):
    """Cards state the recipe that they were made with; one without the field had no branch."""
    settings = read_card(ARTIFACTS / name).settings
    assert settings.get("summary", 0) in {0, PLANT.summary}
    assert CMAPSS.summary == 0
