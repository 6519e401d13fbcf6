"""Neighbouring readings become one mark."""

from hypothesis import given, settings
from hypothesis import strategies as st

from data.store.roll_marks import SPLIT_US, runs
from domain.clock import MINUTE

TIMES = st.lists(st.integers(0, 40).map(lambda step: step * SPLIT_US // 4) | st.integers(0, 10 * SPLIT_US))


def one_by_one(rows: list[tuple[int, int, float, int, int]]) -> list[tuple[int, int, int]]:
    """Reading by reading."""
    found: list[tuple[int, int, int]] = []
    for metric_id, at, *_ in rows:
        if found and found[-1][0] == metric_id and at - found[-1][2] <= SPLIT_US:
            found[-1] = (*found[-1][:2], at)
        else:
            found.append((metric_id, at - at % MINUTE, at))
    return found


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.integers(1, 4), TIMES))
def test_marks_are_those_that_reading_by_reading_would_give(times: dict[int, list[int]]) -> None:
    rows = sorted((metric_id, at, 1.5, 0, 0) for metric_id, found in times.items() for at in found)
    assert runs(rows) == one_by_one(rows)
