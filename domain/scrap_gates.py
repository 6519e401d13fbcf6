"""The gates before a challenger that says what settings do to scrap, as in `domain.model_gates`.

It stands in no shadow: what it would advise is judged on operations after those that taught it.
"""

from collections.abc import Mapping
from typing import Any

from domain.model_gates import Gate, GateState

GATES = ("file", "card", "inputs", "held-out data")
P, F, O = GateState.PASSED, GateState.FAILED, GateState.OPEN  # noqa: E741


def input_gate(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Gate:
    """Does it read the same, and know at least the same products?"""
    said = [] if ours.get("feature_version") == theirs.get("feature_version") else ["feature versions differ"]
    missing = sorted(set(theirs.get("products", {})) - set(ours.get("products", {})))
    said += [f"it does not know {one}" for one in missing]
    return Gate("inputs", F if said else P, "; ".join(said) or "same features, and every product")


def held_out_gate(ours: Mapping[str, float]) -> Gate:
    """Is it nearer to what came of later operations than machine and product alone are?"""
    mine, plain = ours.get("mean_error"), ours.get("plain_error")
    if mine is None or plain is None:
        return Gate("held-out data", O, "the card has no figure", mine, plain)
    words = "mean error of the share of bad parts on later operations, beside machine and product alone"
    return Gate("held-out data", P if mine < plain else F, words, mine, plain)
