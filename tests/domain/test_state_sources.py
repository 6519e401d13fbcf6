"""States in whatever language a machine speaks, against figures worked by hand."""

import pytest

from domain.clock import HOUR, MINUTE
from domain.state_sources import (
    ItemMode,
    ItemState,
    StateSource,
    infer,
    mode_of,
    quiet_us,
    source_of,
    state_of,
)
from domain.telemetry import MachineMode, MachineState
from domain.time_model import OperationSpan

RUNS, STANDS = int(MachineState.EXECUTE), int(MachineState.STOPPED)
BUCKET = 5 * MINUTE


@pytest.mark.parametrize(
    ("metrics", "source"),
    [
        (["good_count", "running", "state"], StateSource.PACKML),
        (["running", "machinery_item_state"], StateSource.MACHINERY),
        (["good_count", "running"], StateSource.RUNNING),
        (["good_count", "energy"], StateSource.COUNTER),
        ([], StateSource.COUNTER),
    ],
)
def test_the_richest_source_of_states_counts(metrics, source) -> None:
    assert source_of(metrics) is source


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        (ItemState.NOT_AVAILABLE, MachineState.STOPPED),
        (ItemState.OUT_OF_SERVICE, MachineState.ABORTED),
        (ItemState.NOT_EXECUTING, MachineState.STOPPED),
        (ItemState.EXECUTING, MachineState.EXECUTE),
    ],
)
def test_item_states_of_opc_40001_1_after_its_table_68(told, meant) -> None:
    assert state_of("machinery_item_state", int(told)) == meant


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        (ItemMode.NONE, MachineMode.PRODUCTION),
        (ItemMode.MAINTENANCE, MachineMode.MAINTENANCE),
        (ItemMode.SETUP, MachineMode.SETUP),
        (ItemMode.PROCESSING, MachineMode.PRODUCTION),
    ],
)
def test_operation_modes_of_opc_40001_1(told, meant) -> None:
    assert mode_of("machinery_operation_mode", int(told)) == meant


def test_one_bit_runs_or_stands_and_packml_is_taken_as_it_is() -> None:
    assert [state_of("running", bit) for bit in (0, 1)] == [STANDS, RUNS]
    assert [state_of("state", code) for code in (5, 9, 11)] == [5, 9, 11]
    assert mode_of("mode", 4) == MachineMode.SETUP


@pytest.mark.parametrize(
    ("cycle_s", "minutes"),
    [(None, 5), (0, 5), (50, 5), (100, 5), (120, 6), (1000, 50), (1200, 60), (9000, 60)],
)
def test_three_cycles_without_parts_at_least_a_bucket_at_most_an_hour(cycle_s, minutes) -> None:
    assert quiet_us(cycle_s, BUCKET) == minutes * MINUTE


def order(begin: int, end: int, cycle_s: float | None) -> OperationSpan:
    return OperationSpan(begin, end, "W", "P", cycle_s, begin)


def seen(parts_at: list[int], operations, until: int = 4 * HOUR) -> list[tuple[int, int]]:
    """Changes as (minute, state) of a machine with a part in the buckets named by their minutes."""
    buckets = list(range(0, until, BUCKET))
    found = infer(buckets, [float(b // MINUTE in parts_at) for b in buckets], BUCKET, operations)
    return [(at // MINUTE, state) for at, state in found]


def test_a_stop_is_inferred_after_three_cycles_of_the_order_that_is_on() -> None:
    slow = [order(0, 4 * HOUR, 1200)]  # a part every 20 min: an hour may pass
    assert seen([0, 20, 40, 105], slow) == [(0, RUNS), (110, STANDS)]
    assert seen([0, 20, 40, 110], slow) == [(0, RUNS), (45, STANDS), (110, RUNS), (115, STANDS)]
    fast = [order(0, 4 * HOUR, 50)]
    assert seen([0, 5, 15], fast) == [(0, RUNS), (20, STANDS)]
    assert seen([0, 5, 20], fast) == [(0, RUNS), (10, STANDS), (20, RUNS), (25, STANDS)]


def test_each_order_is_judged_by_its_own_cycle() -> None:
    both = [order(0, HOUR, 50), order(HOUR, 4 * HOUR, 1200)]
    parts = [0, 30, *range(60, 180, 20)]
    assert seen(parts, both) == [
        (0, RUNS), (5, STANDS), (30, RUNS), (35, STANDS), (60, RUNS), (165, STANDS),
    ]  # fmt: skip


def test_silence_over_a_change_of_orders_counts_each_moment_by_its_cycle() -> None:
    """Last part until 55 min; 5 min of the fast order use all of its 5, and more of the slow one is too long;
    3 min of it use 3/5, which leaves 2/5 of the hour of the slow one: 24 min."""
    for begin, first, runs in ((60, 65, False), (58, 80, True), (58, 85, False)):
        orders = [order(0, begin * MINUTE, 50), order(begin * MINUTE, 4 * HOUR, 1200)]
        found = seen([*range(0, 55, 5), first], orders)
        assert ((55, STANDS) not in found) is runs


def test_without_an_order_a_bucket_without_parts_is_a_stop() -> None:
    assert seen([10, 20, 35], []) == [(0, STANDS), (10, RUNS), (25, STANDS), (35, RUNS), (40, STANDS)]
    assert seen([], []) == [(0, STANDS)]
    assert infer([], [], BUCKET, []) == []
