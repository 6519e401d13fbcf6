"""A model of scrap on a virtual plant of known truth: what it says, whom it blames, and what it refuses."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from domain.errors import SettingsError, Tampered
from models.dataspec import DataSpec
from models.quality.adviser import Adviser
from models.quality.cases import Operation, read, write
from models.quality.evaluate import evaluate
from models.quality.explain import explain
from models.quality.predict import predict
from models.quality.train import parted
from simulator.physics.process import SETTINGS, truth
from tests.models.quality.kit import layout, simulated
from tests.models.training import train as run_train

pytestmark = pytest.mark.train
SITE = "north"
OPEN = (-1e9, 1e9)


def train(data: DataSpec, out: Path) -> None:
    run_train("quality", str(data), out, "onnx", "sklearn")


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Operation], Adviser, DataSpec]:
    """Three weeks of a plant, and a model of them."""
    folder = tmp_path_factory.mktemp("quality")
    operations = simulated(folder / "plant", 21, site=SITE)
    write(folder, operations)
    data = DataSpec("plant", folder)
    train(data, folder / "model")
    return operations, Adviser(folder / "model"), data


def lately(operations: list[Operation], product: str, machine: str) -> list[Operation]:
    return [o for o in operations if (o.product_id, o.equipment_id) == (product, machine)][-10:]


def middle(operations: list[Operation], product: str) -> dict[str, float]:
    """Where settings stand on average: near what the recipe says."""
    mine = [one for one in operations if one.product_id == product]
    return {name: float(np.mean([one.settings[name] for one in mine])) for name in mine[0].settings}


def driver(product: str) -> tuple[str, float]:
    """The setting that truly drives the scrap of a product, and to which side its best lies."""
    plant = layout(SITE)
    line = next(plant.lines[one.line] for one in plant.products if one.product_id == product)
    link = truth(SITE, product)
    return SETTINGS[line.machine_type][link.driver].name, link.best


def test_the_advice_names_the_setting_that_truly_drives_the_scrap_and_its_side(taught) -> None:
    operations, adviser, _ = taught
    moves = []
    for product, known in adviser.card.products.items():
        points = middle(operations, product)
        for machine in adviser.card.machines:
            mine = lately(operations, product, machine)
            move = adviser.move(mine, points, dict.fromkeys(points, OPEN)) if mine else None
            if move is not None:
                name, side = driver(product)
                moves.append(move.parameter == name and move.by * side > 0)
                assert move.change.low <= move.change.value <= move.change.high < 0
                assert move.before.value + move.change.value == pytest.approx(move.after.value)
                seen = next(one for one in known.settings if one.name == move.parameter)
                assert seen.low <= points[move.parameter] + move.by <= seen.high
                assert move.operations == known.operations >= 20
    assert len(moves) >= 30 and np.mean(moves) >= 0.95


def test_settings_explain_most_of_what_machine_and_product_leave_and_shares_come_true(taught) -> None:
    _, adviser, data = taught
    test = adviser.card.test
    assert test["gain"] > 0.6 and test["mean_error"] < 0.6 * test["plain_error"]
    assert test["calibration_error"] < 0.005 and test["other_machines_gain"] > 0.2
    said = evaluate(adviser.folder, data)
    assert said["covered"] == 1.0 and float(said["gain"]) > 0.6


def test_nothing_is_moved_outside_the_limits_or_what_training_saw(taught) -> None:
    operations, adviser, _ = taught
    product, points = "P-201", middle(operations, "P-201")
    name, _ = driver(product)
    every = [lately(operations, product, machine) for machine in adviser.card.machines if "line-2" in machine]
    said = [(mine, adviser.move(mine, points, dict.fromkeys(points, OPEN))) for mine in every if mine]
    mine, free = next((mine, move) for mine, move in said if move is not None)
    assert free.parameter == name
    half = (points[name] + free.by / 2, points[name] + abs(free.by) * 3)
    held = adviser.move(mine, points, {name: (min(half), max(half))})
    assert held is not None and abs(held.by) <= abs(free.by / 2) + 1e-9
    others = {one: OPEN for one in points if one != name}
    assert adviser.move(mine, points, {}) is None  # no validated limits
    blamed = adviser.move(mine, points, others)
    assert blamed is None or -blamed.change.value < -free.change.value
    assert adviser.move([], points, dict.fromkeys(points, OPEN)) is None
    strange = replace(mine[-1], settings={**mine[-1].settings, name: points[name] * 3})
    assert adviser.move([*mine, strange], points, dict.fromkeys(points, OPEN)) is None
    unknown = replace(mine[-1], product_id="P-999")
    assert adviser.move([unknown], points, dict.fromkeys(points, OPEN)) is None


def test_settings_that_do_nothing_are_never_advised(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    operations = [
        Operation(
            f"o-{k}", f"x/y/z/m-{k % 5}", "P-1", k // 5,
            {"force": float(rng.uniform(1, 2)), "speed": float(rng.uniform(5, 9))},
            1_000.0 - (bad := float(rng.binomial(1_000, 0.02))), bad,
        )
        for k in range(300)
    ]  # fmt: skip
    write(tmp_path, operations)
    train(DataSpec("plant", tmp_path), tmp_path / "model")
    adviser = Adviser(tmp_path / "model")
    free = dict.fromkeys(("force", "speed"), OPEN)
    said = [
        adviser.move(lately(operations, "P-1", machine), {"force": 1.5, "speed": 7.0}, free)
        for machine in adviser.card.machines
    ]
    assert said == [None] * 5


def test_predict_and_explain(taught, tmp_path: Path) -> None:
    operations, adviser, data = taught
    strange = replace(operations[0], operation="strange", product_id="P-999")
    write(tmp_path, [operations[0], strange, *operations[1:40]])
    there = DataSpec("plant", tmp_path)
    assert predict(adviser.folder, there, tmp_path / "out.csv") == 41
    head, first, second = (tmp_path / "out.csv").read_text().splitlines()[:3]
    assert head == "id,share,share_lo,share_hi" and second == "strange,,,"
    share, low, high = map(float, first.split(",")[1:])
    assert 0 < low <= share <= high < 1
    told = explain(adviser.folder, data, operations[0].operation)
    assert told["share"] == pytest.approx(share, abs=1e-6) and told["additivity_error"] < 1e-4
    assert {one["signal"] for one in told["contributions"]} == set(operations[0].settings)
    with pytest.raises(SettingsError, match="no such case"):
        explain(adviser.folder, data, "nothing")
    with pytest.raises(SettingsError, match="does not know"):
        explain(adviser.folder, there, "strange")


def test_what_was_tampered_with_or_is_no_file_is_refused(taught, tmp_path: Path) -> None:
    operations, adviser, _ = taught
    for file in adviser.folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    card = json.loads((tmp_path / "card.json").read_text())
    card["products"]["P-201"]["operations"] += 1
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(Tampered):
        Adviser(tmp_path)
    with pytest.raises(SettingsError, match="process-cases writes it"):
        read(DataSpec("plant", tmp_path))
    with pytest.raises(SettingsError, match="too few"):
        parted(operations[:30])
