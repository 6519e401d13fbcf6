"""Which machine sets the pace, and why, worked by hand."""

from domain.bottleneck import Activity, find
from domain.clock import HOUR


def machine(name: str, hours: float, waited: float, charged: float = 0.0, declared: bool = False) -> Activity:
    return Activity(name, declared, int(hours * HOUR), int(waited * HOUR), int(charged * HOUR))


def test_the_machine_that_waits_least_is_the_bottleneck_not_the_one_that_is_declared() -> None:
    line = [machine("saw", 8, 4, declared=True), machine("mill", 8, 1, 3), machine("wash", 8, 2)]
    found = find(line)
    assert found is not None
    assert (found.equipment_id, found.declared, found.agrees) == ("mill", "saw", False)
    assert (found.active, found.lead, found.charged_us) == (7 / 8, 1 / 8, 3 * HOUR)


def test_the_share_counts_not_the_hours() -> None:
    """2 of 16 h are less than 1.5 of 8."""
    found = find([machine("saw", 8, 1.5), machine("mill", 16, 2, declared=True)])
    assert found is not None and (found.equipment_id, found.agrees) == ("mill", True)


def test_of_equals_the_one_for_which_others_waited_longer() -> None:
    found = find([machine("saw", 8, 1, 1), machine("mill", 8, 1, 2)])
    assert found is not None and (found.equipment_id, found.lead) == ("mill", 0.0)


def test_of_equals_in_all_the_declared_one() -> None:
    found = find([machine("saw", 8, 1), machine("mill", 8, 1, declared=True)])
    assert found is not None and (found.equipment_id, found.agrees) == ("mill", True)


def test_where_all_wait_throughout_nothing_is_the_bottleneck() -> None:
    assert find([machine("saw", 8, 8), machine("mill", 8, 8, declared=True)]) is None


def test_a_machine_without_planned_time_is_none() -> None:
    assert find([machine("saw", 0, 0)]) is None
    found = find([machine("saw", 0, 0, 9), machine("mill", 8, 7)])
    assert found is not None and (found.equipment_id, found.lead) == ("mill", 1 / 8)
