"""Reading stops, and what is judged of them; nothing here needs the training environment."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from domain.errors import SettingsError
from models.classification.stops import cases as files
from models.classification.stops.card import REST
from models.classification.stops.features import COLUMNS, LONGEST_H, Moment
from models.classification.stops.judging import calibration_error, figures, served
from models.classification.stops.train import calibrated, known, parted
from models.dataspec import DataSpec
from tests.models.classification.stops_kit import write

QUIET = Moment(
    machine_type="cnc", state=None, mode=None, states={}, modes={}, lasted_min=0.0, together=0.0,
    before=(0.0, 0.0), behind=(0.0, 0.0), above=0.0, below=0.0, alarms=0, scrap=0.0, pace=1.0, order_h=None,
    shift_h=None, last_stop_h=None, stops=0, tool_h=None, planned_work=False, first=False, last=False,
)  # fmt: skip


def column(row, name: str) -> float:
    return float(row[COLUMNS.index(name)])


def test_a_moment_fills_every_column_and_what_is_not_known_counts_as_long_ago() -> None:
    row = QUIET.row()
    assert row.shape == (len(COLUMNS),) and np.isfinite(row).all()
    assert column(row, "tool: hours run since it was last handled") == LONGEST_H
    assert column(row, "state: another state") == column(row, "mode: another mode") == 1.0
    assert column(row, "type of machine: cnc") == 1.0


def test_a_folder_without_stops_says_how_to_get_them(tmp_path) -> None:
    with pytest.raises(SettingsError, match="stop-cases"):
        files.read(DataSpec("stops", tmp_path))
    (tmp_path / files.FILE).write_bytes(b"no parquet")
    with pytest.raises(SettingsError, match="cannot be read"):
        files.read(DataSpec("stops", tmp_path))


def test_a_missing_column_is_named(tmp_path) -> None:
    path = write(tmp_path, 5) / files.FILE
    pq.write_table(pq.read_table(path).drop_columns([COLUMNS[0]]), path)
    with pytest.raises(SettingsError, match=COLUMNS[0]):
        files.read(DataSpec("stops", tmp_path))


def test_only_reasons_that_may_teach_do(tmp_path) -> None:
    read = files.read(DataSpec("stops", write(tmp_path, 5, told_by="")))
    assert len(read) == 10 and len(read.taught()) == 0
    with pytest.raises(SettingsError, match="no truth"):
        files.wanted(read.taught())


def test_the_parts_follow_each_other_in_time_and_no_stop_lies_in_two(tmp_path) -> None:
    parts = parted(files.read(DataSpec("stops", write(tmp_path))))
    assert [len(np.unique(part.stop)) for part in parts] == [180, 60, 60]
    assert parts[0].from_us.max() < parts[1].from_us.min() < parts[1].from_us.max() < parts[2].from_us.min()
    with pytest.raises(SettingsError, match="too few"):
        parted(files.read(DataSpec("stops", write(tmp_path / "few", 30))))


def test_a_reason_with_fewer_than_twenty_stops_is_not_learned(tmp_path) -> None:
    every = files.read(DataSpec("stops", write(tmp_path, 120)))
    rare = np.where(np.arange(len(every)) < 38, "cleaning", every.reason)  # nineteen stops
    teach = files.Cases(**{name: getattr(every, name) for name in every.__slots__} | {"reason": rare})
    assert set(known(teach)) == {"breakdown", "repair", "tool"}


def test_where_it_is_not_sure_the_rules_propose(tmp_path) -> None:
    every = files.read(DataSpec("stops", write(tmp_path, 2)))
    chances = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8], [0.4, 0.6]])
    rule = np.array(["a", "b", "c", "d"])
    assert served(("repair", "tool"), chances, 0.7, rule).tolist() == ["repair", "b", "tool", "d"]
    assert served((REST, "tool"), chances, 0.7, rule).tolist() == ["a", "b", "tool", "d"]
    never = figures(every, ("repair", "tool"), chances, 1.01, "tool")
    assert never["right"] == never["rules_right"] and never["sure_share"] == 0.0 and "sure_right" not in never


def test_calibration_is_how_far_chances_lie_from_what_came() -> None:
    right = np.array([True, True, False, False])
    assert calibration_error(np.full(4, 0.5), right) == pytest.approx(0.0)
    assert calibration_error(np.full(4, 0.9), right) == pytest.approx(0.4)


def test_chances_that_are_too_sure_are_cooled_and_a_hopeless_model_is_never_sure(tmp_path) -> None:
    every = files.read(DataSpec("stops", write(tmp_path, 200)))
    labels, draw = ("breakdown", "repair", "tool"), np.random.default_rng(0)
    blind = draw.dirichlet(np.full(3, 0.2), len(every))
    temperature, limit = calibrated(every, labels, blind)
    assert temperature > 1.0 and limit > 1.0
