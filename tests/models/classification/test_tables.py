"""Sets are read in the order of their rows, and a table that cannot be meant is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from domain.errors import SettingsError
from models.classification import ai4i, mill, plates
from models.classification.kinds import KINDS
from models.dataspec import DataSpec
from tests.models.classification.sets import write_ai4i, write_mill, write_plates

SHARED = Path(__file__).resolve().parents[4] / "shared" / "datasets" / "ai4i2020"


def spec(kind, folder, subset=""):
    return DataSpec(kind, folder, subset)


def test_rows_keep_their_order_and_name(tmp_path):
    frame = pd.read_csv(write_ai4i(tmp_path, 60, 1) / "ai4i2020.csv")
    table = ai4i.read(spec("ai4i2020", tmp_path), "failure")
    assert table.ids == tuple(map(str, frame["UDI"]))
    np.testing.assert_allclose(table.raw[:, 0, 3], frame["Torque [Nm]"], rtol=1e-6)
    assert table.labels == tuple(map(str, frame["Machine failure"]))


@pytest.mark.parametrize("header", ["UDI", "UID"])
def test_cases_are_named_by_either_header_of_the_set(tmp_path, header):
    path = write_ai4i(tmp_path, 30, 1, first=7_001) / "ai4i2020.csv"
    frame = pd.read_csv(path).rename(columns={"UDI": header})
    frame.to_csv(path, index=False)
    assert ai4i.read(spec("ai4i2020", tmp_path), "failure").ids == tuple(map(str, frame[header]))
    frame.drop(columns=header).to_csv(path, index=False)
    assert ai4i.read(spec("ai4i2020", tmp_path), "failure").ids[:2] == ("1", "2")


@pytest.mark.parametrize(("value", "said"), [(np.nan, "'UDI' in row 3 is empty"), (7, "'UDI' 7 comes twice")])
def test_an_id_that_names_no_case_is_refused(tmp_path, value, said):
    path = write_ai4i(tmp_path, 30, 1) / "ai4i2020.csv"
    frame = pd.read_csv(path).assign(UDI=np.arange(5.0, 35.0))
    frame.loc[2 if np.isnan(value) else 9, "UDI"] = value
    frame.to_csv(path, index=False)
    with pytest.raises(SettingsError, match=said):
        ai4i.read(spec("ai4i2020", tmp_path), "failure")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the AI4I file is not here")
def test_the_given_file_is_named_by_its_own_numbers():
    table = ai4i.read(spec("ai4i2020", SHARED), "failure")
    frame = pd.read_csv(next(SHARED.glob("*.csv")))
    assert table.ids == tuple(map(str, frame["UID"]))
    assert table.ids[-1] != str(len(table))


def test_a_case_names_one_mode_or_none(tmp_path):
    frame = pd.read_csv(write_ai4i(tmp_path, 400, 2) / "ai4i2020.csv")
    frame.loc[0, ["Machine failure", "PWF", "OSF"]] = 1, 0, 0
    frame.loc[1, ["Machine failure", "PWF", "OSF"]] = 1, 1, 1
    frame.to_csv(tmp_path / "ai4i2020.csv", index=False)
    labels = ai4i.read(spec("ai4i2020", tmp_path), "mode").labels
    assert labels[:2] == ("", "PWF")
    assert set(labels) == {"", "none", "PWF", "OSF"}


def test_physical_features_are_those_of_the_formula():
    raw = np.array([300.0, 310.0, 1500.0, 40.0, 200.0, 0.0], np.float32)
    found = ai4i.features(raw[None, None])[0, 0]
    np.testing.assert_allclose(found[6:], [10, 40 * 1500 * 2 * np.pi / 60, 8000, 8000 / 11], rtol=1e-6)


def test_an_experiment_is_a_case(tmp_path):
    table = mill.read(spec("cnc_mill_tool_wear", write_mill(tmp_path, 3, 1)), "tool")
    assert table.ids == ("1", "2", "3")
    assert table.raw.shape == (3, mill.STRETCHES, len(mill.COLUMNS))
    assert table.labels == ("unworn", "worn", "unworn")
    assert not [name for name in mill.COLUMNS if name.endswith("Position")]
    (tmp_path / "train.csv").unlink()
    assert mill.read(spec("cnc_mill_tool_wear", tmp_path), "tool").labels is None


def test_plates_are_read_with_either_truth(tmp_path):
    frame = pd.read_csv(write_plates(tmp_path, 21, 1) / "faults.csv")
    table = plates.read(spec("steel_plates_faults", tmp_path), "kind")
    assert table.labels[:3] == ("0", "1", "2")
    for place, name in enumerate(plates.ONE_HOT):
        frame[name] = (frame["failure.type"] == place).astype(int)
    frame.drop(columns=["failure.type", "target"]).to_csv(tmp_path / "faults.csv", index=False)
    found = plates.read(spec("steel_plates_faults", tmp_path), "kind")
    assert found.labels[:3] == plates.ONE_HOT[:3]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.drop(columns="Torque [Nm]"), "missing columns: Torque"),
        (lambda f: f.rename(columns={"Torque [Nm]": "Torque [lbf ft]"}), "unknown unit"),
        (lambda f: f.assign(**{"Torque [Nm]": "much"}), "'Torque \\[Nm\\]' in row 1 is no number: 'much'"),
        (lambda f: f.assign(**{"Tool wear [min]": np.nan}), "'Tool wear \\[min\\]' in row 1 is no number"),
        (lambda f: f.assign(Type="X"), "Type 'X' is none of L, M, H"),
        (lambda f: f.iloc[:0], "has no rows"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path, change, said):
    path = write_ai4i(tmp_path, 30, 1) / "ai4i2020.csv"
    change(pd.read_csv(path)).to_csv(path, index=False)
    with pytest.raises(SettingsError, match=said):
        ai4i.read(spec("ai4i2020", tmp_path), "failure")


def test_a_case_without_truth_is_read_all_the_same(tmp_path):
    path = write_ai4i(tmp_path, 30, 1) / "ai4i2020.csv"
    frame = pd.read_csv(path)
    frame["Machine failure"] = frame["Machine failure"].astype(object)
    frame.loc[0, "Machine failure"] = ""
    frame.to_csv(path, index=False)
    for target in ("failure", "mode"):
        labels = ai4i.read(spec("ai4i2020", tmp_path), target).labels
        assert labels[0] == "" and all(labels[1:])
    frame.assign(**{"Machine failure": ""}).to_csv(path, index=False)
    table = ai4i.read(spec("ai4i2020", tmp_path), "failure")
    assert len(table) == 30
    with pytest.raises(SettingsError, match="no truth"):
        table.truth()


def test_the_marks_of_a_spreadsheet_are_read(tmp_path):
    path = write_ai4i(tmp_path, 30, 1) / "ai4i2020.csv"
    plain = ai4i.read(spec("ai4i2020", tmp_path), "failure")
    text = path.read_text(encoding="utf-8")
    (tmp_path / "notes.csv").write_text("a,b\n", encoding="utf-16")
    path.write_text(text + ",,,,,,,,,,,,,\n", encoding="utf-16")
    found = ai4i.read(spec("ai4i2020", tmp_path), "failure")
    assert (found.ids, found.labels) == (plain.ids, plain.labels)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError):
        ai4i.read(spec("ai4i2020", tmp_path, "ai4i2020.csv"), "failure")


def test_experiments_may_lie_below_the_folder_and_have_no_end_yet(tmp_path):
    write_mill(tmp_path / "rig" / "one", 3, 1)
    path = tmp_path / "rig" / "one" / "train.csv"
    frame = pd.read_csv(path)
    frame.loc[1, "tool_condition"] = None
    frame.loc[3] = None
    frame.to_csv(path, index=False)
    table = mill.read(spec("cnc_mill_tool_wear", tmp_path), "tool")
    assert table.ids == ("1", "2", "3")
    assert table.labels == ("unworn", "", "unworn")


def test_two_files_must_be_told_apart(tmp_path):
    write_ai4i(tmp_path, 30, 1)
    (tmp_path / "more.csv").write_bytes((tmp_path / "ai4i2020.csv").read_bytes())
    with pytest.raises(SettingsError, match="name one"):
        ai4i.read(spec("ai4i2020", tmp_path), "failure")
    assert len(ai4i.read(spec("ai4i2020", tmp_path, "more.csv"), "failure")) == 30


@pytest.mark.parametrize(
    ("subset", "found"),
    [
        ("", ("", "failure")),
        ("mode", ("", "mode")),
        ("a.csv", ("a.csv", "failure")),
        ("a.csv@mode", ("a.csv", "mode")),
    ],
)
def test_a_subset_names_a_target_or_a_file(subset, found):
    assert KINDS["ai4i2020"].file_and_target(subset) == found
    with pytest.raises(SettingsError, match="no target"):
        KINDS["ai4i2020"].file_and_target("colour")
