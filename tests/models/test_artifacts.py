"""The shipped models: typed cards, hashes, golden cases, and no torch in anything that serves."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from domain.errors import InvalidInput, SettingsError, Tampered
from models.anomaly.machines.watcher import Watcher
from models.classification.stops.card import LEAST, REST
from models.classification.stops.reasoner import Reasoner
from models.failure import session
from models.failure.card import CARD_FILE, GOLDEN_FILE, MODEL_FILE, read_card
from models.features import cmapss, plant

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "models" / "artifacts"
NAMES = ("cmapss_fd001", "plant_failure")


@pytest.mark.parametrize("name", NAMES)
def test_cards_say_what_the_models_take(name):
    card = read_card(ARTIFACTS / name)
    window = card.window
    assert card.name == name
    assert len(window.channels) == len(window.statistics)
    assert len(window.channels) == window.values + window.masks + len(window.groups)
    assert card.limits and card.intended_use and card.command.startswith("python -m runtime train failure")
    assert 0 < card.threshold < 1
    assert card.validation and card.test


def test_feature_versions_are_those_of_the_code():
    assert read_card(ARTIFACTS / "plant_failure").feature_version == plant.FEATURE_VERSION
    assert read_card(ARTIFACTS / "plant_failure").window.channels == plant.CHANNELS
    assert read_card(ARTIFACTS / "cmapss_fd001").feature_version == cmapss.FEATURE_VERSION


@pytest.mark.parametrize("name", NAMES)
def test_golden_cases_are_answered_alike_alone_and_together(name):
    opened = session.open_session(ARTIFACTS / name / MODEL_FILE)
    golden = np.load(ARTIFACTS / name / GOLDEN_FILE)
    together = session.run(opened, golden["window"])
    np.testing.assert_allclose(together.probability, golden["probability"], atol=1e-5)
    np.testing.assert_allclose(together.rul, golden["rul"], atol=1e-3)
    for case in range(len(golden["window"])):
        alone = session.run(opened, golden["window"][case : case + 1])
        np.testing.assert_allclose(alone.rul[0], golden["rul"][case], atol=1e-3)
    assert ((together.probability >= 0) & (together.probability <= 1)).all()
    assert (np.diff(together.rul, axis=1) >= 0).all()


def test_background_is_healthy_and_of_every_machine_type():
    card = read_card(ARTIFACTS / "plant_failure")
    background = np.load(ARTIFACTS / "plant_failure" / "background.npz")
    assert set(background.files) == set(card.window.groups)
    opened = session.open_session(ARTIFACTS / "plant_failure" / MODEL_FILE)
    for name in background.files:
        found = session.run(opened, background[name])
        assert found.probability.mean() < card.threshold
        assert background[name].shape[1:] == (card.window.steps, len(card.window.channels))


def test_what_watches_machines_names_the_oddest_signal_of_each_type():
    watcher = Watcher(ARTIFACTS / "plant_anomaly")
    card = watcher.card
    assert set(card.thresholds) == set(watcher.backgrounds)
    assert card.limits and card.command.startswith("python -m runtime train anomaly")
    power = card.signals.index("power")
    for kind, windows in watcher.backgrounds.items():
        usual = watcher.marks(windows)
        assert np.median(usual.score) < card.thresholds[kind]
        np.testing.assert_allclose(usual.score, np.sqrt(usual.parts.max(axis=1)), atol=1e-5)
        odd = windows.copy()
        odd[:, -12:, len(plant.GAUGES) + power] += 1.5
        odd[:, -12:, plant.VALUES + plant.GAUGES.index("power")] = 1.0
        said = watcher.marks(odd)
        assert (said.score > card.thresholds[kind]).all() and (said.parts.argmax(axis=1) == power).all()
        alone = watcher.marks(odd[:1])
        np.testing.assert_allclose(alone.score, said.score[:1], atol=1e-5)


def test_what_proposes_reasons_states_no_chance_that_few_stops_back():
    reasoner = Reasoner(ARTIFACTS / "plant_reason")
    card = reasoner.card
    assert min(card.stops.values()) >= LEAST and set(card.labels) - {REST} == set(card.stops)
    assert card.test["right"] > card.test["rules_right"] > card.test["majority_right"]
    assert card.limits and card.command.startswith("python -m runtime train classification")
    golden = np.load(ARTIFACTS / "plant_reason" / GOLDEN_FILE)
    alone = np.concatenate([reasoner.chances(row[None]) for row in golden["inputs"]])
    np.testing.assert_allclose(alone, golden["chance"], atol=1e-5)
    said = reasoner.say(golden["inputs"][0])
    assert said.base + sum(value for _, value in said.parts) == pytest.approx(said.chance, abs=1e-6)
    rest = np.array([[1.0 if label == REST else 0.0 for label in card.labels]])
    assert not reasoner.sure(rest).any()


def test_a_signal_that_says_nothing_has_no_part():
    watcher = Watcher(ARTIFACTS / "plant_anomaly")
    window = watcher.backgrounds["cnc"][:1].copy()
    window[:, :, len(plant.GAUGES) : plant.VALUES] = 5.0
    window[:, :, plant.VALUES : -len(plant.TYPES)] = 0.0
    assert watcher.marks(window).parts.max() == 0.0
    assert watcher.marks(window[:0]).score.shape == (0,)
    with pytest.raises(InvalidInput, match="do not fit"):
        watcher.marks(window[:, 1:])


def test_the_artifacts_are_small():
    def size(*names: str) -> int:
        return sum(path.stat().st_size for name in names for path in (ARTIFACTS / name).rglob("*"))

    others = [path.name for path in ARTIFACTS.iterdir() if path.name != "plant_vision"]
    assert size(*others) < 2_000_000
    assert size("plant_vision") < 3_000_000  # pictures, and networks that look at them


@pytest.fixture
def copy(tmp_path):
    for path in (ARTIFACTS / "cmapss_fd001").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_a_changed_model_is_noticed(copy):
    with (copy / MODEL_FILE).open("ab") as file:
        file.write(b"x")
    with pytest.raises(Tampered):
        read_card(copy)


@pytest.mark.parametrize("name", [CARD_FILE, MODEL_FILE])
def test_a_missing_file_is_one_clear_line(copy, name):
    (copy / name).unlink()
    with pytest.raises(SettingsError, match=f"{name} is missing"):
        read_card(copy)


@pytest.mark.parametrize("content", ["{}", "{", '{"name": 3}'])
def test_a_wrong_card_is_one_clear_line(copy, content):
    (copy / CARD_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=CARD_FILE):
        read_card(copy)


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / MODEL_FILE).write_bytes(b"no model")
    with pytest.raises(SettingsError, match="no model that can be run"):
        session.open_session(tmp_path / MODEL_FILE)


def test_judging_and_predicting_need_no_torch():
    code = (
        "import sys, models.failure.evaluate, models.failure.predict, models.features.plant;"
        "assert not {'torch', 'sklearn', 'shap', 'streamlit'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
