"""train -> evaluate -> predict -> explain through the command line, on sets drawn here."""

import csv
import json

import numpy as np
import pandas as pd
import pytest

from domain.errors import Tampered
from models.classification.card import read_card
from models.classification.evaluate import evaluate
from models.classification.predict import predict
from models.dataspec import DataSpec
from tests.models.classification.sets import write_ai4i, write_mill, write_plates
from tests.models.training import command, train

pytestmark = [pytest.mark.train, pytest.mark.slow]


@pytest.fixture(scope="module")
def milling(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ai4i")
    data = write_ai4i(folder / "data", 400, 1)
    figures = train("classification", f"ai4i2020:{data}", folder / "model", "skl2onnx", "sklearn")
    return folder, figures


def test_training_reports_the_spread_over_three_seeds(milling):
    folder, figures = milling
    card = read_card(folder / "model")
    assert figures["seeds"] == 3
    assert figures["f1"] > 0.6
    assert figures["onnx_error"] <= 1e-5
    assert card.validation == figures
    assert 0 < card.threshold < 1


def test_its_own_cases_are_judged_by_models_that_never_saw_them(milling):
    folder, figures = milling
    words = ("evaluate", "classification", "--model", str(folder / "model"), "--json", "--data")
    done = command(*words, f"ai4i2020:{folder / 'data'}")
    found = json.loads(done.stdout)
    assert found["protocol"].startswith("five folds")
    assert found["f1"] == pytest.approx(figures["f1"], abs=0.15)
    assert found["seeds"] == 3
    assert {"f1_spread", "peer_boosting_f1", "peer_boosting_f1_spread", "peer_logistic_f1"} <= found.keys()


def test_new_cases_are_judged_by_the_model_as_it_is(milling, tmp_path):
    folder, _ = milling
    found = evaluate(folder / "model", DataSpec("ai4i2020", write_ai4i(tmp_path, 300, 9, first=5000)))
    assert found["protocol"] == "cases that the model never saw"
    assert found["f1"] > 0.6
    assert 0 <= found["peer_boosting_f1"] <= 1


def test_prediction_needs_no_truth_and_keeps_the_order(milling, tmp_path):
    folder, _ = milling
    data = write_ai4i(tmp_path / "new", 50, 3, truth=False)
    words = ("predict", "classification", "--model", str(folder / "model"), "--data", f"ai4i2020:{data}")
    done = command(*words, "--out", str(tmp_path / "out.csv"))
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert list(rows[0]) == ["id", "label", "p_0", "p_1"]
    assert [row["id"] for row in rows] == list(map(str, pd.read_csv(data / "ai4i2020.csv")["UDI"]))
    card = read_card(folder / "model")
    assert all((float(row["p_1"]) >= card.threshold) == (row["label"] == "1") for row in rows)
    judged = command("evaluate", *words[1:], "--json")
    assert judged.returncode == 2
    assert "no truth" in judged.stderr


def test_an_explanation_adds_up_and_blames_nobody(milling):
    folder, _ = milling
    frame = pd.read_csv(folder / "data" / "ai4i2020.csv")
    worst = (frame["Torque [Nm]"] * frame["Tool wear [min]"]).idxmax()
    words = ("--model", str(folder / "model"), "--data", f"ai4i2020:{folder / 'data'}")
    done = command("explain", "classification", *words, "--case", str(frame["UDI"][worst]))
    found = json.loads(done.stdout)
    total = found["base_value"] + sum(part["value"] for part in found["contributions"])
    assert total == pytest.approx(found["probability"], abs=1e-6)
    assert {part["signal"] for part in found["contributions"][:2]} == {"Torque [Nm]", "Tool wear [min]"}
    assert "contributed" in found["text"]
    changed = found["counterfactual"]
    assert ("computed anew" in found["text"]) == (changed is not None)
    assert changed is None or changed["probability"] < found["probability"]
    assert "cause" not in found["text"]
    missing = command("explain", "classification", *words, "--case", "nobody")
    assert missing.returncode == 2


def test_another_unit_is_refused(milling, tmp_path):
    folder, _ = milling
    path = write_ai4i(tmp_path, 60, 5) / "ai4i2020.csv"
    frame = pd.read_csv(path)
    frame["Air temperature [K]"] *= 1.8
    frame["Rotational speed [rpm]"] /= 60 * 1e3
    frame["Process temperature [K]"] -= 2_000
    frame.to_csv(path, index=False)
    words = (
        "--model",
        str(folder / "model"),
        "--data",
        f"ai4i2020:{tmp_path}",
        "--out",
        str(tmp_path / "o.csv"),
    )
    done = command("predict", "classification", *words)
    assert done.returncode == 2
    assert "another unit?" in done.stderr
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.parametrize("name", ["model.onnx", "peer_boosting.onnx"])
def test_a_tampered_file_is_refused(milling, tmp_path, name):
    folder, _ = milling
    for path in (folder / "model").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / name).open("ab") as file:
        file.write(b"x")
    data = DataSpec("ai4i2020", write_ai4i(tmp_path / "data", 60, 11))
    with pytest.raises(Tampered):
        evaluate(tmp_path, data)


@pytest.mark.parametrize(
    ("kind", "write", "count", "least"),
    [("steel_plates_faults", write_plates, 140, 0.7), ("cnc_mill_tool_wear", write_mill, 10, 0.7)],
)
def test_the_other_sets_go_the_same_way(tmp_path, kind, write, count, least):
    data = write(tmp_path / "data", count, 1)
    figures = train("classification", f"{kind}:{data}", tmp_path / "model", "skl2onnx", "sklearn")
    assert figures["accuracy"] > least
    assert figures["onnx_error"] <= 1e-5
    assert predict(tmp_path / "model", DataSpec(kind, data), tmp_path / "out.csv") == count
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    sums = [sum(float(value) for key, value in row.items() if key.startswith("p_")) for row in rows]
    np.testing.assert_allclose(sums, 1, atol=1e-4)
