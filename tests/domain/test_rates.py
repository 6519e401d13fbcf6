"""Planned run time per part, by tool and cavities."""

import pytest

from domain.rates import Rate, rate_at

OLD, NEW = Rate(0, "", 60.0, 1, "planned"), Rate(100, "", 50.0, 1, "best demonstrated")
FOUR, EIGHT = Rate(0, "T-4", 48.0, 4, "planned"), Rate(50, "T-8", 56.0, 8, "planned")


def test_a_cycle_of_several_cavities_is_shared_by_its_parts() -> None:
    assert (OLD.per_part_s, FOUR.per_part_s, EIGHT.per_part_s) == (60.0, 12.0, 7.0)


@pytest.mark.parametrize(("cycle", "cavities"), [(0.0, 1), (-1.0, 2), (48.0, 0)])
def test_nothing_is_no_rate(cycle, cavities) -> None:
    assert Rate(0, "", cycle, cavities, "planned").per_part_s is None


@pytest.mark.parametrize(
    ("versions", "tool", "at", "wanted"),
    [
        ([OLD, NEW], "", 99, OLD),
        ([OLD, NEW], "", 100, NEW),
        ([NEW], "", 99, None),
        ([OLD, FOUR, EIGHT], "T-8", 60, EIGHT),
        ([OLD, FOUR, EIGHT], "T-8", 40, OLD),  # the tool's own does not hold yet: that for any tool
        ([OLD, FOUR, EIGHT], "", 60, OLD),
        ([FOUR, EIGHT], "T-9", 60, None),  # another tool's says nothing about it
        ([FOUR, EIGHT], "", 60, None),  # which of the two was it?
        ([FOUR, EIGHT], "", 40, FOUR),  # the only one that holds
    ],
)
def test_the_rate_of_the_tool_else_that_for_any(versions, tool, at, wanted) -> None:
    assert rate_at(versions, tool, at) == wanted
