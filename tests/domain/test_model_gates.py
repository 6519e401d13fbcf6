from dataclasses import replace

import pytest

from domain import model_gates as g
from domain.clock import DAY, HOUR

GOOD = g.Pairs(
    pairs=2_000, span_us=4 * DAY, decided=1_800, failures=9, ours=0.030, theirs=0.031,
    differences=(-0.001, 0.0, -0.002, 0.001), our_false=0.3, their_false=0.4, our_unknown=0.05,
    their_unknown=0.05,
)  # fmt: skip
CARD = {
    "intended_use": "x", "limits": ["y"], "licence": "z", "command": "c", "data": {"runs": 1},
    "validation": {"brier": 1}, "background": "b", "feature_version": "plant-1", "horizon_s": 86_400,
    "life_unit": "operating hours", "window": {"groups": ["cnc", "press"]},
}  # fmt: skip


def test_a_good_challenger_passes_every_gate_on_facts() -> None:
    gates = [g.shadow_gate(GOOD), g.answer_gate(GOOD), g.truth_gate(GOOD), g.false_gate(GOOD)]
    assert {gate.state for gate in gates} == {g.GateState.PASSED}


@pytest.mark.parametrize(
    ("gate", "change", "state"),
    [
        (g.shadow_gate, {"span_us": 47 * HOUR}, "open"),
        (g.shadow_gate, {"pairs": 499}, "open"),
        (g.answer_gate, {"our_unknown": 0.07}, "failed"),
        (g.answer_gate, {"pairs": 0}, "open"),
        (g.truth_gate, {"failures": 4}, "open"),
        (g.truth_gate, {"differences": (0.01, 0.012, 0.011)}, "failed"),
        (g.truth_gate, {"differences": (0.05, -0.05, 0.04, -0.02)}, "open"),
        (g.false_gate, {"our_false": 0.51}, "failed"),
        (g.false_gate, {"our_false": 0.51, "their_false": 0.48}, "passed"),
        (g.false_gate, {"span_us": DAY}, "open"),
    ],
)
def test_each_gate_on_facts(gate, change, state) -> None:
    assert gate(replace(GOOD, **change)).state == state


def test_the_gates_on_cards() -> None:
    assert g.card_gate(CARD).state == "passed"
    assert "limits, licence" in g.card_gate(CARD | {"limits": [], "licence": ""}).words
    assert g.input_gate(CARD, CARD).state == "passed"
    lost = g.input_gate(CARD | {"window": {"groups": ["cnc"]}, "horizon_s": 1}, CARD)
    assert (lost.state, lost.words) == ("failed", "horizon s differs; no press")
    assert g.figure_gate({"recall": 1.0}, {}).state == "open"
    assert g.figure_gate(
        {"brier": 0.02, "recall_at_rate": 0.20}, {"brier": 0.03, "recall_at_rate": 0.25}
    ).words
    assert g.figure_gate({"recall_at_rate": 0.20}, {"recall_at_rate": 0.25}).state == "failed"
    assert g.figure_gate({"brier": 0.0302}, {"brier": 0.03}).state == "passed"
    assert g.speed_gate(21.0).state == "failed" and g.file_gate("gone").state == "failed"
