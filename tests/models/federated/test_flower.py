"""Federated training over a real SuperLink and two real SuperNodes, each with a plant of its own."""

import json
from pathlib import Path

import numpy as np
import pytest

from models.registry import load
from runtime import federation
from tests.models.training import command

ROUNDS = 1


@pytest.fixture(scope="module")
def plants(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("plants")
    for name, seed in (("north", 21), ("south", 22)):
        words = ("simulate", "--out", str(folder / name), "--seed", str(seed), "--days", "18")
        done = command(*words, "--machines", "7", "--json")
        assert done.returncode == 0, done.stderr[-2000:]
    return folder


@pytest.mark.federated
@pytest.mark.slow
@pytest.mark.loopback
def test_two_plants_get_one_network_and_keep_their_data(plants, tmp_path):
    if not federation.available():
        pytest.skip("Flower is not installed (make .venv-federated/.stamp)")
    shares = [f"--plant={name}={plants / name}" for name in ("north", "south")]
    out = tmp_path / "out"
    words = (
        "federated",
        "train",
        *shares,
        "--out",
        str(out),
        "--rounds",
        str(ROUNDS),
        "--minutes",
        "8",
        "--json",
    )
    done = command(*words)
    assert done.returncode == 0, done.stderr[-3000:]
    figures = json.loads(done.stdout)
    assert (figures["plants"], figures["rounds"]) == (2, ROUNDS)
    north, south = load(out / "north"), load(out / "south")
    assert north.card.sha256 == south.card.sha256
    assert north.card.threshold == pytest.approx(figures["threshold"])
    assert "south" not in north.card.data.source
    one, other = (np.load(out / name / "background.npz") for name in ("north", "south"))
    assert any(not np.array_equal(one[key], other[key]) for key in set(one.files) & set(other.files))


def test_a_plant_must_be_named_and_have_a_history(tmp_path):
    out = ("--out", str(tmp_path / "out"))
    alone = command("federated", "train", f"--plant=a={tmp_path}", *out)
    assert (alone.returncode, "NAME=DIR" in alone.stderr) == (2, True)


@pytest.mark.loopback
def test_each_node_is_told_its_own_folder_only(tmp_path):
    words = federation.node_command(
        federation.Member("north", tmp_path / "a", tmp_path / "out"), "127.0.0.1:9", ()
    )
    config = words[words.index("--node-config") + 1]
    assert config == f'data="{tmp_path / "a"}" name="north" out="{tmp_path / "out"}"'
    assert words[words.index("--host") + 1] == "127.0.0.1"
