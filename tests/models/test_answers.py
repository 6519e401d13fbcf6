"""A file of answers is written whole or not at all."""

from pathlib import Path

import pytest

from domain.errors import SettingsError
from models import answers


def refused():
    yield ("1", "a")
    raise SettingsError("the second case cannot be read")


def test_rows_are_counted_and_written_in_their_order(tmp_path: Path) -> None:
    assert answers.write(tmp_path / "a.csv", ("id", "label"), [("2", "b"), ("1", "a")]) == 2
    assert (tmp_path / "a.csv").read_text().splitlines() == ["id,label", "2,b", "1,a"]


def test_a_refusal_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    out.write_text("older\n")
    with pytest.raises(SettingsError, match="second case"):
        answers.write(out, ("id", "label"), refused())
    assert out.read_text() == "older\n"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("place", ["missing/a.csv", "folder"])
def test_a_place_that_takes_no_file_is_one_clear_line(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(SettingsError, match="cannot be written"):
        answers.write(tmp_path / place, ("id",), [("1",)])
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
