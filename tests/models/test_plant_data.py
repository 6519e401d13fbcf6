"""Plant history in Parquet: what is read of it, samples, predictions, and figures by event."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.clock import DAY, HOUR, MINUTE
from domain.errors import SettingsError, Tampered
from models.dataspec import DataSpec
from models.failure import baselines, evaluate_plant, labels, plant
from models.failure.evaluate import evaluate
from models.failure.events import tally
from models.failure.plant_problem import LAYOUT, note_of, problem_of
from models.failure.predict import predict
from models.failure.recipes import PLANT, PLANT_FALSE_RATE
from models.failure.tracks import tracks
from models.features.plant import BIN_US, GAUGES, usable, windows
from models.manifest import seal
from simulator.history import HistorySpec, write_parquet

MODEL = Path(__file__).resolve().parents[2] / "models" / "artifacts" / "plant_failure"
START = 20_000 * DAY
DAYS = 4
FAILS_H, REPAIRED_H, MAINTAINED_H = 60, 64, 20
USUAL = np.array([45, 20, 5_800, 20, 13, 2, 3.5, 0.6, 1.1, 6_000, 55.0])  # a machining centre's, as GAUGES


def write_plant(folder, silent_h=(), dead=()):
    """Three machines; the second fails at hour 60, the third is maintained at hour 20. `dead`: gauges of
    the first that say nothing."""
    (folder / "readings").mkdir(parents=True)
    names = ["p/a/line-1/cnc-11", "p/a/line-1/cnc-12", "p/a/line-1/cnc-13"]
    draw = np.random.default_rng(4)
    rows = []
    for tick in range(1, DAYS * 288 + 1):
        hour = tick / 12
        for machine, name in enumerate(names):
            if machine == 0 and any(low <= hour < high for low, high in silent_h):
                continue
            failed = machine == 1 and FAILS_H < hour <= REPAIRED_H
            maintained = machine == 2 and MAINTAINED_H < hour <= MAINTAINED_H + 2
            row = dict(zip(GAUGES, (USUAL * draw.normal(1, 0.02, 11)).tolist(), strict=True))
            row |= dict.fromkeys(dead if machine == 0 else (), float("nan"))
            rows.append(row | {
                "equipment_id": name, "source_us": START + tick * 5 * MINUTE,
                "state": 9 if failed else 2 if maintained else 6, "mode": 2 if maintained else 1,
            })  # fmt: skip
    table = pa.Table.from_pylist(rows)
    name = table.schema.get_field_index("equipment_id")
    table = table.set_column(name, "equipment_id", table["equipment_id"].dictionary_encode())
    for part, half in enumerate((table.slice(0, len(rows) // 2), table.slice(len(rows) // 2))):
        pq.write_table(half, folder / "readings" / f"part-{part:03d}.parquet")
    kinds = [{"equipment_id": name, "machine_type": "cnc"} for name in names]
    pq.write_table(pa.Table.from_pylist(kinds), folder / "machines.parquet")
    failures = [{"equipment_id": names[1], "at_us": START + FAILS_H * HOUR + 2 * MINUTE}]
    pq.write_table(pa.Table.from_pylist(failures), folder / "failures.parquet")
    meta = {"start_us": START, "end_us": START + DAYS * DAY}
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path):
    return write_plant(tmp_path / "plant")


def test_machines_are_read_with_their_stops(folder):
    first, second, third = plant.machines(folder)
    assert [m.equipment_id[-2:] for m in (first, second, third)] == ["11", "12", "13"]
    assert not first.bins.stop.any()
    np.testing.assert_array_equal(np.flatnonzero(second.bins.stop)[[0, -1]], [2 * FAILS_H, 2 * REPAIRED_H])
    assert third.breaks_us.tolist() == [START + MAINTAINED_H * HOUR + 5 * MINUTE]
    assert len(first.bins.seen) == DAYS * 48


def test_samples_leave_out_windows_during_and_after_a_stop(folder):
    second = list(plant.machines(folder))[1]
    found = plant.samples(second, 1, 0, stride=1)
    places = np.flatnonzero(usable(second.bins))
    stop = np.arange(2 * FAILS_H, 2 * REPAIRED_H + 1 + 31)
    assert not set(places) & set(stop)
    before = places < 2 * FAILS_H
    at_h = (places[before] + 1) / 2
    np.testing.assert_array_equal(found.label[before], (at_h > FAILS_H - 24).astype(np.float32))
    assert found.observed[before].all()
    np.testing.assert_allclose(found.life[before], FAILS_H - at_h, atol=0.1)
    assert not found.observed[~before].any()
    assert np.isnan(found.label[~before][-1])
    assert len(set(found.run[before])) == 1


def test_a_maintenance_censors_life(folder):
    third = list(plant.machines(folder))[2]
    found = plant.samples(third, 2, 0, stride=1)
    early = found.life < MAINTAINED_H - 16
    assert early.any()
    assert not found.observed.any()
    assert np.isnan(found.label[0])


def test_a_gap_ends_the_watch(tmp_path):
    folder = write_plant(tmp_path / "plant", silent_h=[(50, 54)])
    first = next(iter(plant.machines(folder)))
    assert first.breaks_us.tolist() == [START + 50 * HOUR + 30 * MINUTE]
    place = np.array([2 * 40 - 1])
    assert np.isnan(labels.labels(first.at_us(place), first.watch(place), plant.HORIZON_US)).all()


def test_the_stride_keeps_every_window_before_a_failure(folder):
    second = list(plant.machines(folder))[1]
    every, some = (plant.samples(second, 1, 0, stride=stride) for stride in (1, 8))
    assert (some.label == 1).sum() == (every.label == 1).sum()
    assert len(some) < len(every)
    assert some.weight.sum() == pytest.approx(len(every), rel=0.2)


def test_predict_writes_a_row_per_machine_in_order(folder, tmp_path):
    assert predict(MODEL, DataSpec("plant", folder), tmp_path / "rul.csv") == 3
    rows = list(csv.DictReader((tmp_path / "rul.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["unit"][-2:] for row in rows] == ["11", "12", "13"]
    assert all(0 <= float(r["rul_lo"]) <= float(r["rul"]) <= float(r["rul_hi"]) <= 168 for r in rows)


def test_the_life_of_a_machine_with_dead_sensors_is_not_known(tmp_path):
    folder = write_plant(tmp_path / "plant", dead=GAUGES[2:])
    predict(MODEL, DataSpec("plant", folder), tmp_path / "rul.csv")
    first, second, _ = csv.reader((tmp_path / "rul.csv").read_text(encoding="utf-8").splitlines()[1:])
    assert first[1:] == ["", "", ""]
    assert float(second[1]) >= 0


def test_a_model_that_answers_otherwise_than_recorded_predicts_nothing(folder, tmp_path):
    copy = shutil.copytree(MODEL, tmp_path / "model")
    with np.load(copy / "golden.npz") as golden:
        cases = dict(golden)
    np.savez(copy / "golden.npz", **cases | {"probability": cases["probability"] / 2})
    seal(copy)
    for act in (
        lambda: predict(copy, DataSpec("plant", folder), tmp_path / "rul.csv"),
        lambda: evaluate(copy, DataSpec("plant", folder)),
    ):
        with pytest.raises(Tampered, match="golden cases"):
            act()
    assert not (tmp_path / "rul.csv").exists()


def test_predict_needs_no_failures_and_leaves_the_history_alone(folder, tmp_path):
    data = DataSpec("plant", folder)
    predict(MODEL, data, tmp_path / "with.csv")
    (folder / "failures.parquet").unlink()
    before = sorted(folder.rglob("*"))
    predict(MODEL, data, tmp_path / "without.csv")
    assert sorted(folder.rglob("*")) == before
    assert not list(folder.glob("*bins-*"))
    assert (tmp_path / "without.csv").read_bytes() == (tmp_path / "with.csv").read_bytes()


def test_a_reader_that_keeps_bins_finds_them_again(folder):
    first = list(plant.machines(folder))
    (kept,) = folder.glob("bins-*.npz")
    written = kept.stat().st_mtime_ns
    again = list(plant.machines(folder))
    assert kept.stat().st_mtime_ns == written
    assert [
        np.array_equal(a.bins.mean, b.bins.mean, equal_nan=True) for a, b in zip(first, again, strict=True)
    ] == [True] * 3


def test_evaluate_counts_failures_and_machine_months(folder):
    found = evaluate(MODEL, DataSpec("plant", folder))
    assert found["machines"] == 3
    assert found["failures"] == 1
    places = sum(usable(m.bins).sum() for m in plant.machines(folder))
    assert found["machine_months"] == pytest.approx(places / 48 / 30)
    assert {"recall", "false_cases_per_machine_month", "recall_at_rate", "hours_recall_at_rate"} <= set(found)


def test_a_peers_threshold_is_chosen_on_plants_that_are_not_judged(tmp_path):
    for name in ("calibrate-1", "test-1"):
        write_plant(tmp_path / name)
    scores = {"model": lambda w: w[:, -1, 0].astype(float), "hours": baselines.hours_since_maintenance}
    scores |= {f"single_{name}": rule for name, rule in baselines.single_limits().items()}
    found = evaluate_plant.peer_thresholds(DataSpec("plant", tmp_path), scores)
    assert set(found) >= {"hours"} and len(found) == 2 and "model" not in found
    hours = tracks([tmp_path / "calibrate-1"], {"hours": scores["hours"]})["hours"]
    assert found["hours"] == evaluate_plant.sure_threshold(hours)
    assert tally(hours, found["hours"]).false_rate <= PLANT_FALSE_RATE / 2  # few months say little for sure
    shutil.rmtree(tmp_path / "calibrate-1")
    assert evaluate_plant.peer_thresholds(DataSpec("plant", tmp_path), scores) == {}


def test_every_kind_of_plant_is_judged_with_its_leads_and_causes(tmp_path):
    for name in ("test-1", "other-1", "unseen-1"):
        write_plant(tmp_path / name)
    path = tmp_path / "unseen-1" / "failures.parquet"
    rows = [row | {"cause": "electrical"} for row in pq.read_table(path).to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows), path)
    found = evaluate(MODEL, DataSpec("plant", tmp_path))
    for part in ("", "other_", "unseen_"):
        assert found[f"{part}failures"] == 1
        assert {f"{part}recall", f"{part}precision", f"{part}false_cases_per_machine_month"} <= set(found)
    assert [name for name in found if "recall_of" in name] == ["unseen_recall_of_electrical"]
    always = {"model": lambda windows: np.ones(len(windows))}
    rows = tracks([tmp_path / "unseen-1"], always)["model"]
    said = evaluate_plant.at(rows, 0.5)
    assert said["recall_of_electrical"] == said["recall"] == 1.0
    # cases open at hours 16 and 40; the failure comes two minutes past hour 60
    assert said["lead_h_half"] == pytest.approx(FAILS_H + 2 / 60 - 40)


@pytest.mark.parametrize("name", ["meta.json", "machines.parquet", "failures.parquet"])
def test_a_history_that_lacks_a_file_is_refused(folder, name):
    (folder / name).unlink()
    with pytest.raises(SettingsError, match="plant"):
        evaluate(MODEL, DataSpec("plant", folder))


def test_the_virtual_plants_history_is_read(tmp_path):
    meta = write_parquet(HistorySpec(days=2, seed=5, machines=10), tmp_path / "test-5")
    found = list(plant.machines(plant.plants(tmp_path, ("test",))[0]))
    assert len(found) == meta["machines"] == 10
    machine = found[0]
    assert len(machine.bins.seen) == 2 * 48
    assert machine.bins.seen.mean() > 0.9
    places = np.flatnonzero(usable(machine.bins))
    data = windows(machine.machine_type, machine.bins, places)
    assert np.isfinite(data).all()
    assert machine.end_us - START > 0
    assert machine.at_us(places[-1:])[0] % BIN_US == 0


def test_a_model_speaks_of_the_machine_types_that_it_learned_only(tmp_path):
    write_plant(tmp_path)
    samples = plant.gather([tmp_path], 4)
    scaling = (np.zeros((5, LAYOUT.values), np.float32), np.ones((5, LAYOUT.values), np.float32))
    note = note_of(samples, "a plant", "none", simulated=True)
    problem = problem_of(
        PLANT, samples, scaling, note, {"press": samples.windows[:1], "cnc": samples.windows[:1]}
    )
    assert problem.window.groups == ("cnc", "press")
    assert problem.layout.groups == 5
