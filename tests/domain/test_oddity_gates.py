"""The gates of a challenger that says what is unusual."""

from dataclasses import replace

import pytest

from domain import oddity_gates as o
from domain.clock import DAY
from domain.model_gates import GateState

GOOD = o.Beside(600, 3 * DAY, 0.10, 0.10, 0.4, 0.4)
CARD = {"feature_version": "plant-1", "signals": ["power"], "thresholds": {"cnc": 1.0, "oven": 2.0}}
P, F, OPEN = GateState.PASSED, GateState.FAILED, GateState.OPEN


@pytest.mark.parametrize(
    ("gate", "changes", "state"),
    [
        (o.shadow_gate, {}, P),
        (o.shadow_gate, {"pairs": 499}, OPEN),
        (o.shadow_gate, {"span_us": DAY}, OPEN),
        (o.answer_gate, {}, P),
        (o.answer_gate, {"our_unknown": 0.12}, F),
        (o.answer_gate, {"pairs": 0}, OPEN),
        (o.false_gate, {}, P),
        (o.false_gate, {"our_false": 0.51}, F),
        (o.false_gate, {"our_false": 1.0, "their_false": 1.0}, P),
        (o.false_gate, {"our_false": None}, OPEN),
    ],
)
def test_both_are_compared_at_the_same_half_hours(gate, changes, state) -> None:
    assert gate(replace(GOOD, **changes)).state is state


def test_it_reads_the_same_signals_of_every_machine() -> None:
    assert o.input_gate(CARD, CARD).state is P
    lost = o.input_gate(CARD | {"thresholds": {"cnc": 1.0}}, CARD)
    assert lost.state is F and "no oven" in lost.words
    assert o.input_gate(CARD | {"signals": ["speed"]}, CARD).state is F


def test_it_notices_as_many_failures_as_the_card_says() -> None:
    served = ("autoencoder", "farthest")
    for ours, state in ((0.19, P), (0.10, F)):
        assert (
            o.held_out_gate({"autoencoder_noticed": ours}, {"farthest_noticed": 0.2}, served).state is state
        )
    assert o.held_out_gate({}, {"farthest_noticed": 0.2}, served).state is OPEN


def test_one_window_is_fast_enough() -> None:
    assert [o.speed_gate(ms).state for ms in (1.0, 21.0, None)] == [P, F, OPEN]
