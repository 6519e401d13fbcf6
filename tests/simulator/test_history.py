"""History for training, and the past as wire messages."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from data.wire import json_topics, sparkplug
from domain.clock import DAY, HOUR, SECOND
from domain.errors import SettingsError
from domain.telemetry import METRICS
from simulator.backfill import backfill
from simulator.history import HistorySpec, layout_of, write_parquet
from simulator.house import HouseFloor
from simulator.layout import Layout, demo, drawn
from simulator.ledger import Ledger
from simulator.physics.signals import GAUGES
from simulator.plant import VirtualPlant
from simulator.run import open_plant
from tests.simulator.conftest import START_US


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("history")
    write_parquet(HistorySpec(days=12, seed=3, machines=30, interval_s=900), out)
    return out


def test_readings_are_whole_and_named_canonically(history: Path) -> None:
    table = pq.read_table(history / "readings")
    meta = json.loads((history / "meta.json").read_text())

    assert table.num_rows == 30 * 12 * 96
    elsewhere = {"machinery_item_state", "machinery_operation_mode", "running"}  # it speaks PackML
    assert set(table.column_names) - {"equipment_id", "source_us"} == set(METRICS) - elsewhere
    times = np.unique(table["source_us"].to_numpy())
    assert times[0] == meta["start_us"] + 900 * SECOND
    assert times[-1] == meta["end_us"]
    assert (np.diff(times) == 900 * SECOND).all()
    assert set(GAUGES) < set(METRICS)


def test_failures_and_logs_are_what_the_plant_could_know(history: Path) -> None:
    failures = pq.read_table(history / "failures.parquet").to_pylist()
    truth = pq.read_table(history / "truth" / "failures.parquet").to_pylist()
    log = pq.read_table(history / "maintenance.parquet").to_pylist()

    assert [(f["equipment_id"], f["at_us"]) for f in failures] == [
        (f["equipment_id"], f["at_us"]) for f in truth
    ]
    assert len(failures) > 5
    assert all(row["logged_us"] >= row["end_us"] > row["start_us"] for row in log)
    assert {row["kind"] for row in log} == {"corrective", "preventive"}
    repaired = {row["maintenance_id"] for row in log}
    assert {f["maintenance_id"] for f in failures if f["maintenance_id"]} <= repaired


def test_nothing_outside_truth_tells_the_true_wear(history: Path) -> None:
    names = {
        name
        for path in history.rglob("*.parquet")
        if "truth" not in path.parts
        for name in pq.read_schema(path).names
    }

    assert not names & {"abrupt", "began_us", "damage", "bearing", "tool", "leak"}
    assert (history / "truth" / "wear.parquet").exists()


def test_the_truth_says_which_gauges_each_kind_of_damage_moves(history: Path) -> None:
    moved = json.loads((history / "truth" / "moved.json").read_text())

    def far(cause: str) -> set[str]:
        return {gauge for gauge, by in moved[cause].items() if abs(by) >= 1}

    assert max(moved["bearing"], key=lambda gauge: moved["bearing"][gauge]) == "envelope_low"
    assert "temperature" in far("overheating")
    assert moved["leak"]["pressure"] < -1
    assert {"current", "vibration_rms"} <= far("tool")
    assert far("electrical") == set()
    assert all(by[gauge] == 0 for by in moved.values() for gauge in ("speed", "ambient_temperature"))


def test_a_seed_gives_the_same_files(history: Path, tmp_path: Path) -> None:
    write_parquet(HistorySpec(days=2, seed=3, machines=30, interval_s=900), tmp_path)
    again = pq.read_table(tmp_path / "readings")
    first = pq.read_table(history / "readings").slice(0, again.num_rows)

    assert again["temperature"].to_pylist() == first["temperature"].to_pylist()
    assert again["good_count"].to_pylist() == first["good_count"].to_pylist()


def test_which_plant_a_specification_means() -> None:
    assert layout_of(HistorySpec(1, 1)) == demo()
    assert len(layout_of(HistorySpec(1, 1, machines=37)).units) == 37
    assert layout_of(HistorySpec(1, 1, machines=10, variant="other")).variant == "other"


def test_a_past_begins_with_births_and_goes_on_in_order_of_time(plant: VirtualPlant) -> None:
    to_us = START_US + DAY // 4
    batches = list(backfill(plant, to_us))

    first = [topic for topic, _ in batches[0][1][:12]]
    assert first[0] == "spBv1.0/plant-4/NBIRTH/line-1"
    assert sum("DBIRTH" in topic for topic in first) == 10
    ends = [at for at, _ in batches]
    assert ends == sorted(ends)
    assert ends[-1] == to_us
    stamps: dict[str, list[int]] = {}
    for _, messages in batches:
        for topic, payload in messages:
            if "DDATA" in topic:
                stamps.setdefault(topic, []).append(sparkplug.decode(payload).timestamp_ms or 0)
            elif topic.startswith("uns/"):
                stamps.setdefault(topic, []).append(json_topics.decode(payload).ts_ms or 0)
    assert len(stamps) == 20
    wanted = [(START_US + k * 300 * SECOND) // 1_000 for k in range(1, 73)]
    assert all(found == wanted for found in stamps.values())


def test_a_plant_goes_on_from_its_past(layout: Layout, tmp_path: Path) -> None:
    folder = tmp_path / "plant"
    plant = VirtualPlant(layout, 4, START_US, HouseFloor(layout, 4), folder)
    sent = sum(len(messages) for _, messages in backfill(plant, START_US + HOUR * 3))
    again = VirtualPlant(layout, 4, 0, HouseFloor(layout, 4), folder)

    assert again.world.now_us == START_US + 3 * HOUR
    again.devices.take(layout.units[1].equipment_id, _reading(again))
    assert again.nodes[0].bd_seq == plant.nodes[0].bd_seq + 1
    ledger = Ledger.read(folder / "ledger.json")
    births = 2 + sum(account.births for account in ledger.devices.values())
    assert sum(account.sent for account in ledger.devices.values()) + births == sent
    waiting = again.devices.next()
    assert waiting is not None
    assert json_topics.decode(waiting.payload).seq == 36


def _reading(plant: VirtualPlant):
    from simulator.readout import readings

    return readings(plant.step(300 * SECOND, publish=False).sample)[1]


def test_a_saved_plant_keeps_its_seed_and_refuses_another_layout(tmp_path: Path) -> None:
    layout = drawn(2, 10)
    plant, floor = open_plant(tmp_path, 5, START_US, layout)
    plant.step(300 * SECOND)
    plant.save()
    floor.close()
    again, floor = open_plant(tmp_path, 9, 0, layout)

    assert again.world.seed == 5
    assert again.world.now_us == START_US + 300 * SECOND
    floor.close()
    with pytest.raises(SettingsError, match="another plant"):
        VirtualPlant(drawn(2, 20), 5, 0, HouseFloor(drawn(2, 20), 5), tmp_path)


def test_a_spoilt_state_file_is_one_clear_line(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "world.npz").write_bytes(b"spoilt")

    with pytest.raises(SettingsError, match="cannot be read"):
        VirtualPlant(layout, 4, START_US, HouseFloor(layout, 4), tmp_path)
