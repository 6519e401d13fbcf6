"""Times in the files that screens give to download: with their offset, so that no hour is meant twice."""

import ast
import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.remarks import remarks_csv
from domain.clock import HOUR
from services.rows.kpi import FlagRow
from services.rows.site import SiteRow

FOLDER = Path(__file__).resolve().parents[2] / "components"
SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
BACK = 1_792_890_000_000_000  # 2026-10-25 01:00 UTC: from 03:00 to 02:00 in Berlin
FOR_EYES = {"stamp", "moment", "strftime"}  # times without an offset


def writers() -> Iterator[tuple[str, ast.FunctionDef]]:
    """The functions that write a file, and those that make its rows."""
    for file in sorted(FOLDER.glob("*.py")):
        found = ast.parse(file.read_text(encoding="utf-8")).body
        functions = {one.name: one for one in found if isinstance(one, ast.FunctionDef)}
        for name, one in functions.items():
            if "csv_bytes" in names(one):
                rows = [functions[near] for near in names(one) & {"_cells", "_csv", "_csv_row", "_numbers"}]
                yield from ((f"{file.stem}.{name}", each) for each in (one, *rows))


def names(function: ast.FunctionDef) -> set[str]:
    found = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    return found | {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize(("where", "function"), [pytest.param(*one, id=one[0]) for one in writers()])
def test_no_file_is_written_with_times_for_eyes(where: str, function: ast.FunctionDef) -> None:
    assert not names(function) & FOR_EYES, f"{where}: write times by words.instant"


def test_what_came_in_the_hour_that_comes_twice_is_told_apart_in_a_file() -> None:
    times = (BACK - HOUR // 2, BACK + HOUR // 2)
    rows = [FlagRow("u", "CNC-12", "no_data", "", at, "No data.", 1) for at in times]
    told = csv.DictReader(io.StringIO(remarks_csv(rows, SITE).decode("utf-8-sig")))
    assert [row["when"] for row in told] == ["2026-10-25 02:30:00+02:00", "2026-10-25 02:30:00+01:00"]
