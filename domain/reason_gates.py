"""The gates before a challenger that proposes reasons of stops: rules on facts, as in `domain.model_gates`.

Both versions are compared at the same stops.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.model_gates import Gate, GateState, fast_enough, long_enough

GATES = ("file", "card", "inputs", "held-out data", "speed", "shadow", "reasons")
LEAST_STOPS, LEAST_NAMED = 100, 20
SLACK = 0.02  # points of 1
P, F, O = GateState.PASSED, GateState.FAILED, GateState.OPEN  # noqa: E741


@dataclass(frozen=True, slots=True)
class Beside:
    """What both said of the same stops, and of those with a reason that may judge, the shares of which each
    proposed the right one (the rules standing in where a version is not sure)."""

    pairs: int
    span_us: int
    named: int
    our_right: float
    their_right: float


def input_gate(ours: Mapping[str, object], theirs: Mapping[str, object]) -> Gate:
    """Does it read the same, and know at least the same reasons?"""
    said = [] if ours.get("feature_version") == theirs.get("feature_version") else ["feature versions differ"]
    said += [f"it does not know {one}" for one in sorted(_labels(theirs) - _labels(ours))]
    return Gate("inputs", F if said else P, "; ".join(said) or "same features, and every reason")


def held_out_gate(ours: Mapping[str, float]) -> Gate:
    """Is what it proposes, on stops after those that taught it, right more often than the rules?"""
    mine, rules = ours.get("right"), ours.get("rules_right")
    if mine is None or rules is None:
        return Gate("held-out data", O, "the card has no figure", mine, rules)
    words = "share of right proposals on later stops, beside the rules' on the same"
    return Gate("held-out data", P if mine > rules else F, words, mine, rules)


def speed_gate(one_ms: float | None) -> Gate:
    """Fast enough for one stop?"""
    return fast_enough(one_ms, "stop")


def shadow_gate(found: Beside) -> Gate:
    """Long enough beside the champion?"""
    return long_enough(found.pairs, LEAST_STOPS, found.span_us, "stops looked at by both")


def reason_gate(found: Beside) -> Gate:
    """Is it right about as often as the champion, on the same named stops?"""
    words = f"share of right proposals on {found.named:,} named stops"
    if found.named < LEAST_NAMED:
        return Gate("reasons", O, f"{words}; at least {LEAST_NAMED} are wanted")
    state = P if found.our_right >= found.their_right - SLACK else F
    return Gate("reasons", state, words, found.our_right, found.their_right)


def _labels(card: Mapping[str, object]) -> set[str]:
    found = card.get("labels")
    return set(map(str, found)) if isinstance(found, list | tuple) else set()
