"""The gates of a challenger that proposes reasons of stops."""

import pytest

from domain import reason_gates as r
from domain.clock import DAY
from domain.model_gates import GateState

P, F, O = GateState.PASSED, GateState.FAILED, GateState.OPEN  # noqa: E741
CARD = {"feature_version": "stops-1", "labels": ["breakdown", "tool"]}


@pytest.mark.parametrize(
    ("ours", "state", "words"),
    [
        ({}, P, "same features, and every reason"),
        ({"labels": ["breakdown", "tool", "cleaning"]}, P, "every reason"),
        ({"labels": ["breakdown"]}, F, "it does not know tool"),
        ({"feature_version": "stops-2"}, F, "feature versions differ"),
    ],
)
def test_it_reads_the_same_and_knows_at_least_the_same_reasons(ours, state, words) -> None:
    gate = r.input_gate(CARD | ours, CARD)
    assert gate.state is state and words in gate.words


def test_on_later_stops_it_must_be_right_more_often_than_the_rules() -> None:
    assert r.held_out_gate({"right": 0.8, "rules_right": 0.7}).state is P
    assert r.held_out_gate({"right": 0.7, "rules_right": 0.7}).state is F
    assert r.held_out_gate({}).state is O


@pytest.mark.parametrize(("ms", "state"), [(None, O), (19.0, P), (21.0, F)])
def test_it_is_fast_enough(ms, state) -> None:
    assert r.speed_gate(ms).state is state


def test_beside_the_champion() -> None:
    enough = r.Beside(r.LEAST_STOPS, 2 * DAY, r.LEAST_NAMED, 0.79, 0.80)
    assert r.shadow_gate(enough).state is P and r.reason_gate(enough).state is P
    assert r.shadow_gate(r.Beside(r.LEAST_STOPS - 1, 2 * DAY, 0, 0.0, 0.0)).state is O
    assert r.shadow_gate(r.Beside(r.LEAST_STOPS, DAY, 0, 0.0, 0.0)).state is O
    assert r.reason_gate(r.Beside(500, 3 * DAY, r.LEAST_NAMED - 1, 1.0, 0.0)).state is O
    assert r.reason_gate(r.Beside(500, 3 * DAY, 50, 0.7, 0.8)).state is F
