"""Silence of a metric that is sent by exception means unchanged, while its gateway and its server live."""

from pathlib import Path

import numpy as np
import pytest

from data.store import holding, window_data
from data.store import tables as t
from domain.clock import MINUTE
from tests.kits.gateway import START_MS, Bench, gateway_file

METRICS = [{"node": "ns=2;s=L", "metric": "load", "deadband": {"absolute": 1}, "sampling_ms": 100}]
UNIT_US = MINUTE


@pytest.fixture(params=["database", pytest.param("postgres", marks=pytest.mark.services)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    found = Bench(gateway_file(tmp_path, METRICS), request.getfixturevalue(request.param))
    found.host_online = True
    found.connect()
    found.answers("press")
    return found


def load(bench: Bench, from_ms: int, to_ms: int) -> list[tuple[int, float]]:
    """Held minute by minute: seconds since START and value."""
    with bench.database.read() as tx:
        (unit,) = tx.execute(t.metrics.select()).all()
        sent = window_data.readings(tx, unit.equipment_id, ["load"], from_ms * 1000, to_ms * 1000)
        times, values = holding.held(tx, unit.equipment_id, sent, from_ms * 1000, to_ms * 1000, UNIT_US)[
            "load"
        ]
    assert np.all(np.diff(times) > 0)
    return [(int(at // 1000 - START_MS) // 1000, value) for at, value in zip(times, values, strict=True)]


def standing(bench: Bench) -> dict[str, float]:
    with bench.database.read() as tx:
        (unit,) = tx.execute(t.metrics.select()).all()
        return holding.standing(tx, unit.equipment_id)


def minutes(found: list[tuple[int, float]]) -> dict[int, float]:
    return {at // 60: value for at, value in found}


def test_a_value_stands_until_the_next_and_through_a_cut_link(bench: Bench) -> None:
    bench.turn([("press", "load", 40.0)])
    bench.settle(600, 20)
    bench.cut = True
    bench.notice()
    bench.settle(600, 20)
    bench.cut = False
    bench.connect()
    bench.settle(60, 20)
    bench.turn([("press", "load", 50.0)])
    bench.settle(120, 20)
    found = minutes(load(bench, START_MS, bench.now_ms))
    assert set(found) == set(range(24))
    assert [found[n] for n in (0, 10, 20, 22)] == [40.0, 40.0, 40.0, 50.0]
    with bench.database.read() as tx:
        (row,) = tx.execute(t.metrics.select()).all()
        means = holding.means(tx, row.equipment_id, "load", START_MS * 1000, bench.now_ms * 1000, 10 * MINUTE)
    assert (row.deadband, row.sampling_ms) == (1.0, 100.0)
    assert [(bucket, value) for bucket, value, _ in means][:2] == [(0, 40.0), (1, 40.0)]


def test_it_stands_no_longer_than_its_server_was_there(bench: Bench) -> None:
    bench.turn([("press", "load", 40.0)])
    bench.settle(300, 20)
    bench.answers("press", present=False)
    bench.settle(600, 20)
    before = minutes(load(bench, START_MS, bench.now_ms))
    assert max(before) == 4  # known until 5 s before it was lost
    assert standing(bench) == {}
    bench.answers("press")
    bench.turn([("press", "load", 40.0)])
    bench.settle(300, 20)
    assert standing(bench) == {"load": 1.0}
    after = minutes(load(bench, START_MS, bench.now_ms))
    assert set(after) == {*range(5), *range(15, 20)}


def test_a_metric_that_is_sent_regularly_is_left_as_it_is(bench: Bench) -> None:
    bench.turn([("press", "load", 40.0)])
    bench.settle(300, 20)
    with bench.database.write() as tx:
        tx.execute(t.metrics.update().values(deadband=None))
    assert len(load(bench, START_MS, bench.now_ms)) <= 3
