"""History as Parquet, on both databases."""

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert

from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, micros
from domain.errors import NotFound
from services.export import Exported, export

START = micros(datetime(2026, 11, 18, tzinfo=UTC))
FIRST, LAST = date(2026, 11, 18), date(2026, 11, 20)
UNITS = ("north/a/l/one", "north/b/l/two", "replay/a/l/three")


@pytest.fixture(params=["database", pytest.param("postgres", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest) -> Database:
    """Three machines, one of them of a replay, that say something each hour for three days."""
    found: Database = request.getfixturevalue(request.param)
    with found.write() as tx:
        for site, shadow in (("north", False), ("replay", True)):
            row = {"site_id": site, "name": site, "time_zone": "UTC", "currency": "EUR", "shadow": shadow}
            tx.execute(insert(t.sites).values(row))
        for number, unit in enumerate(UNITS, 1):
            row = {
                "equipment_id": unit, "level": "unit", "parent_id": unit.rpartition("/")[0], "name": unit,
                "machine_type": "cnc", "assigned": True, "constraint_unit": False, "position": 0,
                "created_us": 0,
            }  # fmt: skip
            tx.execute(insert(t.equipment).values(row))
            metric = {"metric_id": number, "equipment_id": unit, "name": "load", "unit": "%", "kind": "gauge"}
            tx.execute(insert(t.metrics).values(metric))
            rows = [
                {
                    "metric_id": number,
                    "source_us": us,
                    "value": us / HOUR,
                    "quality": 192,
                    "receive_us": us + 7,
                }
                for us in range(START, START + 3 * DAY, HOUR)
            ]
            tx.execute(insert(t.readings), rows)
            tx.execute(
                insert(t.states).values(equipment_id=unit, source_us=START, state=6, mode=1, receive_us=START)
            )
            counted = {"good": 5.0, "scrap": 1.0, "energy_kwh": 2.5}
            tx.execute(insert(t.counts).values(equipment_id=unit, bucket_us=START + DAY, **counted))
    return found


def take(store: Database, folder: Path, first: date, last: date, scope: str = "", **more) -> Exported:
    return export(store, folder, first, last, scope, **{"now_us": START + 3 * DAY, **more})


def test_every_value_of_every_day_is_there_once_and_replays_stay_out(store: Database, tmp_path: Path) -> None:
    done = take(store, tmp_path, FIRST, LAST)
    assert (done.rows, done.files, done.kept) == ({"readings": 144, "states": 2, "counts": 2}, 5, 0)
    table = ds.dataset(tmp_path / "readings", partitioning="hive").to_table().sort_by("time")
    assert set(table["equipment_id"].to_pylist()) == set(UNITS[:2])
    first = table.slice(0, 1).to_pylist()[0]
    assert first == {
        "equipment_id": first["equipment_id"], "metric": "load", "unit": "%", "quality": 192,
        "time": datetime(2026, 11, 18, tzinfo=UTC), "value": START / HOUR, "day": "2026-11-18",
        "received": datetime(2026, 11, 18, 0, 0, 0, 7, tzinfo=UTC),
    }  # fmt: skip
    day = pq.read_table(tmp_path / "readings" / "day=2026-11-19" / "readings.parquet", partitioning=None)
    assert day.num_rows == 48
    counts = pq.read_table(tmp_path / "counts" / "day=2026-11-19" / "counts.parquet", partitioning=None)
    assert counts.to_pylist()[0]["energy_kwh"] == 2.5


def test_a_scope_takes_what_lies_below_it_and_nothing_beside(store: Database, tmp_path: Path) -> None:
    assert take(store, tmp_path / "a", FIRST, LAST, "north/a").rows["readings"] == 72
    assert take(store, tmp_path / "b", FIRST, LAST, UNITS[1]).rows["readings"] == 72
    with pytest.raises(NotFound, match="north/a/l/on"):
        take(store, tmp_path / "c", FIRST, LAST, "north/a/l/on")


def test_an_export_that_was_stopped_goes_on_and_late_values_need_a_new_one(
    store: Database, tmp_path: Path
) -> None:
    take(store, tmp_path, FIRST, FIRST)
    left = tmp_path / "readings" / "day=2026-11-19"
    left.mkdir()
    (left / "readings.part").write_bytes(b"half a file")
    done = take(store, tmp_path, FIRST, LAST)
    assert (done.rows["readings"], done.kept) == (96, 2)
    assert not (left / "readings.part").exists()
    late = {"metric_id": 1, "source_us": START + 1, "value": 0.5, "quality": 192, "receive_us": START}
    with store.write() as tx:
        tx.execute(insert(t.readings), [late])
    assert take(store, tmp_path, FIRST, LAST).rows["readings"] == 0
    assert take(store, tmp_path, FIRST, LAST, anew=True).rows["readings"] == 145


def test_a_day_without_anything_makes_no_file(store: Database, tmp_path: Path) -> None:
    done = take(store, tmp_path / "out", date(2026, 10, 1), date(2026, 10, 2))
    assert done.files == 0
    assert not (tmp_path / "out").exists()


def test_a_day_that_was_not_over_or_was_of_another_scope_is_written_again(
    store: Database, tmp_path: Path
) -> None:
    take(store, tmp_path, FIRST, FIRST, now_us=START + HOUR)
    assert take(store, tmp_path, FIRST, FIRST, UNITS[0]).kept == 0
    assert take(store, tmp_path, FIRST, FIRST, UNITS[0]).kept == 2
