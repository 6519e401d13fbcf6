"""The KPI bench asks what the screens ask, of a plant that is made once."""

import pytest

from benchmarks.kpi_plant import START, Size
from benchmarks.kpi_prepared import plant
from benchmarks.kpi_screens import screens
from domain.clock import DAY
from pages.registry import PAGES, Section

TINY = Size(machines=10, days=8, changes=20)
FIGURELESS = {"Who says what"}  # a table of words


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder for the plant; SQLite only."""
    monkeypatch.delenv("TAKTWISE_TEST_POSTGRES_URL", raising=False)
    return tmp_path / "plant"


def test_every_screen_of_floor_quality_and_improve_is_asked_of_a_plant_that_is_made_once(folder):
    said: list[str] = []
    with plant(TINY, folder, said.append) as first:
        assert not first.there and first.early.keys() == {"SQLite"}
    with plant(TINY, folder, said.append) as found:
        assert found.there and found.folder == first.folder
        early = screens(found.early["SQLite"], TINY, START + 2 * DAY)
        late = screens(found.late["SQLite"], TINY, TINY.end_us)
        assert [one.name for one in early] == [one.name for one in late]
        for one in late:
            assert one.ask() is not None, one.name
    asked = {one.name.split(":")[0].split(",")[0] for one in late}
    shown = {p.title for p in PAGES if p.section in (Section.FLOOR, Section.QUALITY, Section.IMPROVE)}
    assert shown - FIGURELESS <= asked
    assert sum("removes" in words for words in said) == 0
