"""Training on stops, and what comes of it: what serves, the card, the four commands."""

import csv
import json
import shutil

import numpy as np
import pytest

from domain.errors import SettingsError, Tampered
from models import manifest
from models.classification.stops import cases as files
from models.classification.stops.reasoner import Reasoner
from models.dataspec import DataSpec
from models.opening import load
from tests.models.classification.stops_kit import write
from tests.models.training import command, train

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reasons")
    write(folder / "stops")
    train("classification", f"stops:{folder / 'stops'}", folder / "model", "skl2onnx")
    return folder


def test_the_card_says_what_serves_and_how_sure_it_must_be(loop) -> None:
    card = Reasoner(loop / "model").card
    assert card.served in ("logistic", "boosting") and card.limit <= 0.95 and card.data.simulated
    assert set(card.labels) == {"breakdown", "repair", "tool"} and min(card.stops.values()) >= 20
    assert card.test["right"] > card.test["rules_right"] > 0.2
    assert card.test["right"] > card.test["majority_right"]
    assert isinstance(load(loop / "model"), Reasoner)


def test_the_four_commands(loop) -> None:
    words = ("classification", "--model", str(loop / "model"), "--data", f"stops:{loop / 'stops'}")
    found = json.loads(command("evaluate", *words, "--json").stdout)
    assert found["right"] > found["rules_right"] and found["limit"] == Reasoner(loop / "model").card.limit
    assert command("predict", *words, "--out", str(loop / "said.csv")).returncode == 0
    with (loop / "said.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 600 and set(rows[0]) == {"id", "label", "p_breakdown", "p_repair", "p_tool"}
    told = json.loads(command("explain", *words, "--case", rows[0]["id"]).stdout)
    assert told["additivity_error"] < 1e-6 and "caused" not in told["text"]
    assert told["contributions"][0]["signal"] == "state" and told["text"].startswith("the machine's state (")


def test_where_the_rules_win_they_serve(tmp_path) -> None:
    write(tmp_path / "stops", rules=True)
    train("classification", f"stops:{tmp_path / 'stops'}", tmp_path / "model", "skl2onnx")
    reasoner = Reasoner(tmp_path / "model")
    assert reasoner.card.served == "rules" and reasoner.card.limit > 1.0
    every = files.read(DataSpec("stops", tmp_path / "stops"))
    assert not reasoner.sure(reasoner.chances(every.inputs)).any()


def test_a_changed_file_and_other_features_are_refused(loop, tmp_path) -> None:
    shutil.copytree(loop / "model", tmp_path / "one")
    with (tmp_path / "one" / "model.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(Tampered):
        Reasoner(tmp_path / "one")
    shutil.copytree(loop / "model", tmp_path / "two")
    card = json.loads((tmp_path / "two" / "card.json").read_text())
    (tmp_path / "two" / "card.json").write_text(json.dumps(card | {"feature_version": "stops-0"}))
    manifest.seal(tmp_path / "two")
    with pytest.raises(SettingsError, match="train it anew"):
        Reasoner(tmp_path / "two")
    golden = dict(np.load(loop / "model" / "golden.npz"))
    shutil.copytree(loop / "model", tmp_path / "three")
    np.savez_compressed(tmp_path / "three" / "golden.npz", **golden | {"chance": golden["chance"][::-1]})
    manifest.seal(tmp_path / "three")
    with pytest.raises(Tampered, match="golden"):
        Reasoner(tmp_path / "three")
