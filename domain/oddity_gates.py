"""The gates before a challenger that says what is unusual: pure rules on facts, as in `domain.model_gates`.

Both versions are compared at the same half hours of the same machines.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.model_gates import (
    LEAST_PAIRS,
    LEAST_SHADOW_US,
    MORE_FALSE,
    MORE_UNKNOWN,
    MOST_FALSE,
    Gate,
    GateState,
    fast_enough,
    long_enough,
)

GATES = ("file", "card", "inputs", "held-out data", "speed", "shadow", "answers", "false alarms")
NOTICED_SLACK = 0.02  # points of 1
P, F, O = GateState.PASSED, GateState.FAILED, GateState.OPEN  # noqa: E741


@dataclass(frozen=True, slots=True)
class Beside:
    """What both said of the same half hours: shares without a score, and how often machines that did not fail
    within three days after were called odd in a month (None: too little healthy time)."""

    pairs: int
    span_us: int
    our_unknown: float
    their_unknown: float
    our_false: float | None
    their_false: float | None


def input_gate(ours: Mapping[str, object], theirs: Mapping[str, object]) -> Gate:
    """Does it read the same signals, of at least the same machines?"""
    other = [name for name in ("feature_version", "signals") if ours.get(name) != theirs.get(name)]
    lost = sorted(_types(theirs) - _types(ours))
    said = [f"{name.replace('_', ' ')} differ" for name in other] + [f"no {kind}" for kind in lost]
    return Gate("inputs", F if said else P, "; ".join(said) or "same signals, and every type of machine")


def held_out_gate(ours: Mapping[str, float], theirs: Mapping[str, float], served: tuple[str, str]) -> Gate:
    """Does it notice as many failures of machines that it never saw, as the cards say? `served`: the network
    of each, whose figure counts."""
    mine, other = ours.get(f"{served[0]}_noticed"), theirs.get(f"{served[1]}_noticed")
    if mine is None or other is None:
        return Gate("held-out data", O, "the cards have no figure in common", mine, other)
    state = P if mine >= other - NOTICED_SLACK else F
    return Gate(
        "held-out data", state, "share of failures noticed on machines that it never saw", mine, other
    )


def speed_gate(window_ms: float | None) -> Gate:
    """Fast enough for one window?"""
    return fast_enough(window_ms, "window")


def shadow_gate(found: Beside) -> Gate:
    """Long enough beside the champion?"""
    return long_enough(found.pairs, LEAST_PAIRS, found.span_us, "half hours judged by both")


def answer_gate(found: Beside) -> Gate:
    """Does it answer where the champion does?"""
    good = found.our_unknown <= found.their_unknown + MORE_UNKNOWN
    state = O if not found.pairs else P if good else F
    return Gate(
        "answers", state, "share of half hours without a score", found.our_unknown, found.their_unknown
    )


def false_gate(found: Beside) -> Gate:
    """Does it cry wolf more often?"""
    words = "false alarms per machine and month"
    if found.our_false is None or found.their_false is None or found.span_us < LEAST_SHADOW_US:
        return Gate("false alarms", O, words, found.our_false, found.their_false)
    most = max(MOST_FALSE, MORE_FALSE * found.their_false)
    state = P if found.our_false <= most else F
    return Gate("false alarms", state, f"{words}; at most {most:.2f}", found.our_false, found.their_false)


def _types(card: Mapping[str, object]) -> set[str]:
    found = card.get("thresholds")
    return set(map(str, found)) if isinstance(found, Mapping) else set()
