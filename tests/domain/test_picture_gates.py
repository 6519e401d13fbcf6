"""The gates before a challenger that judges pictures."""

from domain import picture_gates as p
from domain.clock import DAY, HOUR
from domain.model_gates import GateState

CARD = {"feature_version": "v1", "size": 200, "channels": 3, "labels": ["good", "dent"]}
FIGURES = {"accuracy": 0.9, "recall_good": 0.95, "recall_dent": 0.85}


def beside(named=(), pictures=300, span=2 * DAY, ours=0.3, theirs=0.3) -> p.Beside:
    return p.Beside(pictures, span, ours, theirs, tuple(named))


def test_it_reads_the_same_pictures_and_knows_every_label() -> None:
    assert p.input_gate(CARD | {"labels": ("good", "dent", "crack")}, CARD).state is GateState.PASSED
    other = p.input_gate(CARD | {"size": 100, "labels": ["good"]}, CARD)
    assert (other.state, other.words) == (GateState.FAILED, "size differs; no dent")


def test_no_label_is_worse_than_the_champions() -> None:
    assert p.held_out_gate(FIGURES, FIGURES).state is GateState.PASSED
    worse = p.held_out_gate(FIGURES | {"accuracy": 0.95, "recall_dent": 0.8}, FIGURES)
    assert worse.state is GateState.FAILED and worse.words == "share right, dent; 1 of 2 labels worse"
    assert (worse.ours, worse.theirs) == (0.8, 0.85)
    assert p.held_out_gate({}, FIGURES).state is GateState.OPEN


def test_what_is_foreign_is_told_and_what_is_known_is_not() -> None:
    assert p.unknown_gate(1.0, 1.0, 0.0).state is GateState.PASSED
    assert p.unknown_gate(0.9, 1.0, 0.0).state is GateState.FAILED
    assert p.unknown_gate(1.0, 1.0, 0.1).state is GateState.FAILED
    assert p.unknown_gate(None, 1.0, None).state is GateState.OPEN


def test_speed_and_memory_have_bounds() -> None:
    states = [p.speed_gate(20.0), p.speed_gate(20.1), p.speed_gate(None)]
    states += [p.memory_gate(150.0), p.memory_gate(151.0), p.memory_gate(None)]
    assert [gate.state.value for gate in states] == ["passed", "failed", "open"] * 2


def test_the_shadow_is_long_enough_or_not_known() -> None:
    assert p.shadow_gate(beside()).state is GateState.PASSED
    assert p.shadow_gate(beside(span=HOUR)).state is GateState.OPEN
    assert p.shadow_gate(beside(pictures=199)).state is GateState.OPEN
    assert p.answer_gate(beside(ours=0.31)).state is GateState.PASSED
    assert p.answer_gate(beside(ours=0.33)).state is GateState.FAILED
    assert p.answer_gate(beside(pictures=0)).state is GateState.OPEN


def test_truth_is_what_people_named() -> None:
    assert p.truth_gate(beside([(True, True)] * 19)).state is GateState.OPEN
    assert p.truth_gate(beside([(True, True)] * 20)).state is GateState.PASSED
    assert p.truth_gate(beside([(False, True)] * 10 + [(True, True)] * 20)).state is GateState.FAILED
    few = p.truth_gate(beside([(False, True)] * 2 + [(True, False)] + [(True, True)] * 20))
    assert few.state is GateState.OPEN and "too few to tell" in few.words
