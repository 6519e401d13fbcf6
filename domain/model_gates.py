"""The gates that a challenger passes before it may take the champion's place: pure rules on facts.

A gate is passed, failed, or open: open means that nobody knows yet, and keeps the challenger in the
shadow as surely as a failed one does. Figures are compared on the same machines at the same times, so
that neither model has the easier days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from statistics import fmean, stdev

from domain.clock import DAY, HOUR


class Stage(StrEnum):
    """Where a model version stands. A name has one champion at most."""

    CHAMPION = "champion"
    SHADOW = "shadow"  # a challenger: scores like the champion, advises nobody
    RETIRED = "retired"


class GateState(StrEnum):
    """What is known of one gate."""

    PASSED = "passed"
    FAILED = "failed"
    OPEN = "open"


LEAST_SHADOW_US = 2 * DAY
LEAST_PAIRS = 500
LEAST_FAILURES = 5
LEAST_MACHINES = 3
FRESH_US = DAY  # wall time for which a judgement of the gates holds
WORSE_BRIER = 0.05  # of the champion's: the margin within which "not worse" is meant
MOST_FALSE = 0.5  # false cases per machine and month that are always allowed
MORE_FALSE = 1.1
MORE_UNKNOWN = 0.01
SLOWEST_MS = 20.0
LOWER, HIGHER = "lower", "higher"
CARD_FIGURES = {
    "recall_at_rate": HIGHER,
    "other_recall_at_rate": HIGHER,
    "brier": LOWER,
    "other_brier": LOWER,
}
CARD_SLACK = 0.01  # recall: points of 1; Brier: of the champion's
Z_95 = 1.96


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: its name, what is known, one sentence, and the two figures where there are figures."""

    name: str
    state: GateState
    words: str
    ours: float | None = None
    theirs: float | None = None


@dataclass(frozen=True, slots=True)
class Pairs:
    """What both models said of the same machines at the same times, and what came.

    `differences` is the challenger's Brier score less the champion's, by machine, over pairs whose
    truth is known; `failures` counts machines' failures behind them. Rates are per machine and month.
    """

    pairs: int
    span_us: int
    decided: int
    failures: int
    ours: float | None
    theirs: float | None
    differences: tuple[float, ...]
    our_false: float | None
    their_false: float | None
    our_unknown: float
    their_unknown: float


def long_enough(count: int, least: int, span_us: int, counted: str, least_us: int = LEAST_SHADOW_US) -> Gate:
    """Was it long enough beside the champion, and did both answer often enough? `counted` names what."""
    enough = span_us >= least_us and count >= least
    words = (
        f"{count:,} {counted} over {span_us / HOUR:,.0f} h; at least "
        f"{least} over {least_us / HOUR:.0f} h are wanted"
    )
    return Gate("shadow", GateState.PASSED if enough else GateState.OPEN, words, float(count))


def fast_enough(spent_ms: float | None, what: str, most_ms: float = SLOWEST_MS) -> Gate:
    """Is one `what` answered soon enough? None: nobody has measured it."""
    if spent_ms is None:
        return Gate("speed", GateState.OPEN, "not measured")
    state = GateState.PASSED if spent_ms <= most_ms else GateState.FAILED
    return Gate("speed", state, f"ms for one {what}; at most {most_ms:.0f}", spent_ms)


def shadow_gate(found: Pairs) -> Gate:
    """Long enough beside the champion?"""
    return long_enough(found.pairs, LEAST_PAIRS, found.span_us, "predictions of both")


def answer_gate(found: Pairs) -> Gate:
    """Does it answer where the champion does?"""
    good = found.our_unknown <= found.their_unknown + MORE_UNKNOWN
    state = GateState.OPEN if not found.pairs else GateState.PASSED if good else GateState.FAILED
    return Gate("answers", state, "share of times without an answer", found.our_unknown, found.their_unknown)


def truth_gate(found: Pairs) -> Gate:
    """Is its probability not worse? Mean difference by machine with its 95 % interval."""
    counted = f"Brier score of {found.decided:,} predictions, {found.failures} failures"
    if found.failures < LEAST_FAILURES or len(found.differences) < LEAST_MACHINES or found.theirs is None:
        words = f"{counted}; at least {LEAST_FAILURES} failures on {LEAST_MACHINES} machines are wanted"
        return Gate("truth", GateState.OPEN, words, found.ours, found.theirs)
    middle, half = fmean(found.differences), _half(found.differences)
    margin = WORSE_BRIER * found.theirs
    if middle + half <= margin:
        return Gate("truth", GateState.PASSED, f"{counted}; not worse", found.ours, found.theirs)
    if middle - half > 0:
        return Gate("truth", GateState.FAILED, f"{counted}; worse", found.ours, found.theirs)
    words = f"{counted}; too few to tell whether it is worse"
    return Gate("truth", GateState.OPEN, words, found.ours, found.theirs)


def false_gate(found: Pairs) -> Gate:
    """Does it cry wolf more often?"""
    words = "false alarms per machine and month"
    if found.our_false is None or found.their_false is None or found.span_us < LEAST_SHADOW_US:
        return Gate("false alarms", GateState.OPEN, words, found.our_false, found.their_false)
    most = max(MOST_FALSE, MORE_FALSE * found.their_false)
    state = GateState.PASSED if found.our_false <= most else GateState.FAILED
    return Gate("false alarms", state, f"{words}; at most {most:.2f}", found.our_false, found.their_false)


def card_gate(card: Mapping[str, object]) -> Gate:
    """Does the card say what a user must know?"""
    wanted = ("intended_use", "limits", "licence", "command", "data", "validation", "background")
    missing = [name for name in wanted if not card.get(name)]
    words = f"the card does not say: {', '.join(missing)}" if missing else "everything is said"
    return Gate("card", GateState.FAILED if missing else GateState.PASSED, words)


def input_gate(ours: Mapping[str, object], theirs: Mapping[str, object]) -> Gate:
    """Does it read and answer the same as the champion?"""
    other = [
        name for name in ("feature_version", "horizon_s", "life_unit") if ours.get(name) != theirs.get(name)
    ]
    lost = sorted(set(_groups(theirs)) - set(_groups(ours)))
    said = [f"{name.replace('_', ' ')} differs" for name in other] + [f"no {kind}" for kind in lost]
    words = "; ".join(said) or "same features, horizon and machines"
    return Gate("inputs", GateState.FAILED if said else GateState.PASSED, words)


def figure_gate(ours: Mapping[str, float], theirs: Mapping[str, float]) -> Gate:
    """Are the figures that its card gives for machines it never saw not worse than the champion's?"""
    common = [name for name in CARD_FIGURES if name in ours and name in theirs]
    if not common:
        return Gate("held-out data", GateState.OPEN, "the cards have no test figure in common")
    worse = [name for name in common if _worse(name, ours[name], theirs[name])]
    first = (worse or common)[0]
    words = f"{first.replace('_', ' ')}; {len(common)} figures, {len(worse)} worse"
    state = GateState.FAILED if worse else GateState.PASSED
    return Gate("held-out data", state, words, ours[first], theirs[first])


def file_gate(trouble: str) -> Gate:
    """Is the file the one that its card describes, and does it answer its golden cases?"""
    state = GateState.FAILED if trouble else GateState.PASSED
    return Gate("file", state, trouble or "hash and golden cases hold")


def speed_gate(slowest_ms: float | None) -> Gate:
    """Fast enough for one window?"""
    return fast_enough(slowest_ms, "window")


GATES = ("file", "card", "inputs", "held-out data", "speed", "shadow", "answers", "truth", "false alarms")


def _worse(name: str, ours: float, theirs: float) -> bool:
    if CARD_FIGURES[name] == HIGHER:
        return ours < theirs - CARD_SLACK
    return ours > theirs * (1 + CARD_SLACK)


def _groups(card: Mapping[str, object]) -> Sequence[str]:
    window = card.get("window")
    found = window.get("groups") if isinstance(window, Mapping) else None
    return [str(one) for one in found] if isinstance(found, list | tuple) else []


def _half(values: Sequence[float]) -> float:
    """Half of the 95 % interval of a mean over machines."""
    return Z_95 * stdev(values) / sqrt(len(values))
