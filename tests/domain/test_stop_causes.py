"""The proposals of the rules, case by case."""

import pytest

from domain.clock import MINUTE, SECOND
from domain.stop_causes import Around, Strength, Wait, propose
from domain.stops import Stop
from domain.telemetry import MachineState as M
from domain.time_model import Cause, Span

UNITS = ("a", "b", "c", "d")
SHORT = 5 * MINUTE


def stop(unit, begin, end, state=M.ABORTED, external=False, still=False):
    return Stop(unit, begin * MINUTE, end * MINUTE, state, external, still)


def wait(begin, end, cause, whom, sure):
    return Wait(begin * MINUTE, end * MINUTE, cause, whom, sure)


def stands_waiting(unit, begin, end):
    return stop(unit, begin, end, M.SUSPENDED, external=True)


def around(*every, work=(), units=UNITS, waits=None):
    return Around(
        units,
        {u: u.upper() for u in units},
        {u: [s for s in every if s.equipment_id == u] for u in units},
        work,
        SHORT,
        waits or {},
    )


@pytest.mark.parametrize(
    ("waits", "reason", "charged", "strength"),
    [
        ([(10, 20, Cause.BLOCKED, "c", True)], "blocked", "c", Strength.STRONG),
        ([(10, 20, Cause.STARVED, "a", False)], "starved", "a", Strength.WEAK),
        (
            [(8, 14, Cause.STARVED, "a", True), (14, 30, Cause.BLOCKED, "d", True)],
            "blocked",
            "d",
            Strength.STRONG,
        ),
        (
            [(10, 13, Cause.STARVED, "a", True), (13, 20, Cause.BLOCKED, "c", False)],
            "blocked",
            "c",
            Strength.WEAK,
        ),
    ],
)
def test_a_machine_that_waits_is_charged_as_in_the_figures(waits, reason, charged, strength):
    """What most of the stop is charged to, of the stretch from 10 to 20."""
    mine = stands_waiting("b", 10, 20)
    found = propose(mine, around(mine, waits={"b": [wait(*row) for row in waits]}))
    assert found is not None
    assert (found.reason, found.charged_to, found.strength) == (reason, charged, strength)
    assert charged.upper() in found.because


@pytest.mark.parametrize(
    "waits", [[], [(10, 20, Cause.WAITING, "", True)], [(20, 30, Cause.BLOCKED, "c", True)]]
)
def test_nobody_is_blamed_for_a_wait_that_is_charged_to_nobody(waits):
    mine = stands_waiting("b", 10, 20)
    assert propose(mine, around(mine, waits={"b": [wait(*row) for row in waits]})) is None


def test_half_of_a_line_at_once_has_a_common_cause():
    mine = stop("b", 10, 20, M.STOPPED)
    found = propose(mine, around(mine, stop("c", 10, 40), stop("a", 30, 40)))
    assert found is not None and (found.reason, found.charged_to) == ("utilities", "")
    small = around(mine, stop("c", 10, 40), units=("b", "c"))
    assert propose(mine, small) is None  # two machines are no line


def test_machines_that_are_reset_together_are_no_power_failure():
    mine = stop("b", 10, 20, M.RESETTING)
    found = propose(mine, around(mine, *(stop(u, 10, 20, M.RESETTING) for u in "acd")))
    assert found is not None and (found.reason, found.strength) == ("adjusting", Strength.WEAK)


@pytest.mark.parametrize(
    ("mine", "reason"),
    [
        (stop("b", 10, 40), "breakdown"),
        (stop("b", 10, 12), "short_stop"),
        (stop("b", 10, 12, still=True), "breakdown"),
        (stop("b", 10, 18, M.HELD), "short_stop"),
        (stop("b", 10, 40, M.HELD), "operator_hold"),
        (stop("b", 10, 40, M.STARTING), "adjusting"),
    ],
)
def test_a_machine_that_stands_by_itself(mine, reason):
    found = propose(mine, around(mine))
    assert found is not None and found.reason == reason


def test_maintenance_under_way_is_the_reason():
    mine = stop("b", 10, 40)
    for kind, reason in (
        ("corrective", "repair"),
        ("preventive", "maintenance"),
        ("inspection", "maintenance"),
    ):
        found = propose(mine, around(mine, work=[(kind, Span(15 * MINUTE, 16 * MINUTE))]))
        assert found is not None and found.reason == reason
    late = propose(mine, around(mine, work=[("corrective", Span(40 * MINUTE, 50 * MINUTE))]))
    assert late is not None and late.reason == "breakdown"


def test_a_state_that_no_rule_knows_has_no_proposal():
    mine = stop("b", 10, 40, M.STOPPED)
    assert propose(mine, around(mine)) is None
    assert propose(Stop("b", 0, 40 * SECOND * 60, None, False), around(mine)) is None
