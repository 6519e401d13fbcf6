"""The gates before a challenger that judges pictures: pure rules on facts, as in `domain.model_gates`.

Both models are compared on the same pictures: those of the shadow, those that people have named, and
pictures of something foreign that the check makes itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

from domain.clock import DAY
from domain.model_gates import Z_95, Gate, GateState, fast_enough, long_enough
from domain.wording import percent

LEAST_SHADOW_US, LEAST_PICTURES = DAY, 200
LEAST_NAMED = 20
RECALL_SLACK = 0.02  # points of 1, for each label
UNKNOWN_SLACK = 0.02
WORSE_RIGHT = 0.02  # points of 1: the margin within which "not worse" is meant
MORE_TO_PEOPLE = 0.02
SLOWEST_MS = 20.0  # 50 pictures a second on one core
MOST_MB = 150.0
GATES = (
    "file", "card", "inputs", "held-out data", "unknown kinds", "speed", "memory", "shadow", "answers",
    "truth",
)  # fmt: skip
P, F, O = GateState.PASSED, GateState.FAILED, GateState.OPEN  # noqa: E741


@dataclass(frozen=True, slots=True)
class Beside:
    """What both said of the same pictures. `named`: (ours right, theirs right) of those with a person's word;
    `to_people`: the share that each leaves to a person (a defect, unknown or unsure)."""

    pictures: int
    span_us: int
    our_to_people: float
    their_to_people: float
    named: tuple[tuple[bool, bool], ...]


def input_gate(ours: Mapping[str, object], theirs: Mapping[str, object]) -> Gate:
    """Does it read the same pictures, and know at least the same labels?"""
    other = [name for name in ("feature_version", "size", "channels") if ours.get(name) != theirs.get(name)]
    lost = sorted(_labels(theirs) - _labels(ours))
    said = [f"{name.replace('_', ' ')} differs" for name in other] + [f"no {label}" for label in lost]
    return Gate("inputs", F if said else P, "; ".join(said) or "same pictures, and every label")


def held_out_gate(ours: Mapping[str, float], theirs: Mapping[str, float]) -> Gate:
    """Is it right as often as the champion on held-out pictures, label by label, as the cards say?"""
    common = sorted(name for name in theirs if name.startswith("recall_") and name in ours)
    if not common or "accuracy" not in ours or "accuracy" not in theirs:
        return Gate("held-out data", O, "the cards have no label in common")
    worse = [name for name in common if ours[name] < theirs[name] - RECALL_SLACK]
    if worse:
        label = min(worse, key=lambda name: ours[name] - theirs[name])
        words = f"share right, {label.removeprefix('recall_')}; {len(worse)} of {len(common)} labels worse"
        return Gate("held-out data", F, words, ours[label], theirs[label])
    words = f"share right; none of {len(common)} labels worse by more than {percent(RECALL_SLACK, 0)}"
    return Gate("held-out data", P, words, ours["accuracy"], theirs["accuracy"])


def unknown_gate(ours: float | None, theirs: float | None, known: float | None) -> Gate:
    """Does it tell something foreign? Shares of foreign pictures said to be unknown, and of known ones."""
    if ours is None or theirs is None or known is None:
        return Gate("unknown kinds", O, "not measured", ours, theirs)
    good = ours >= theirs - UNKNOWN_SLACK and known <= UNKNOWN_SLACK
    words = f"share of foreign pictures said to be unknown; {percent(known, 0)} of known ones"
    return Gate("unknown kinds", P if good else F, words, ours, theirs)


def speed_gate(picture_ms: float | None) -> Gate:
    """Fast enough for one picture?"""
    return fast_enough(picture_ms, "picture", SLOWEST_MS)


def memory_gate(megabytes: float | None) -> Gate:
    """Small enough beside the rest of the scorer?"""
    if megabytes is None:
        return Gate("memory", O, "not measured")
    words = f"MB that opening it and looking takes; at most {MOST_MB:.0f}"
    return Gate("memory", P if megabytes <= MOST_MB else F, words, megabytes)


def shadow_gate(found: Beside) -> Gate:
    """Long enough beside the champion?"""
    return long_enough(
        found.pictures, LEAST_PICTURES, found.span_us, "pictures seen by both", LEAST_SHADOW_US
    )


def answer_gate(found: Beside) -> Gate:
    """Does it leave more to people than the champion?"""
    good = found.our_to_people <= found.their_to_people + MORE_TO_PEOPLE
    words = "share of pictures left to a person"
    return Gate("answers", O if not found.pictures else P if good else F, words, found.our_to_people,
                found.their_to_people)  # fmt: skip


def truth_gate(found: Beside) -> Gate:
    """Is it right as often, on the pictures that people have named? 95 % interval of the difference."""
    named = found.named
    if len(named) < LEAST_NAMED:
        return Gate(
            "truth", O, f"{len(named)} named pictures seen by both; at least {LEAST_NAMED} are wanted"
        )
    ours, theirs = fmean(a for a, _ in named), fmean(b for _, b in named)
    middle, half = _difference(named)
    counted = f"share right of {len(named)} pictures that people have named"
    if middle - half >= -WORSE_RIGHT:
        return Gate("truth", P, f"{counted}; not worse", ours, theirs)
    if middle + half < 0:
        return Gate("truth", F, f"{counted}; worse", ours, theirs)
    return Gate("truth", O, f"{counted}; too few to tell whether it is worse", ours, theirs)


def _difference(named: Sequence[tuple[bool, bool]]) -> tuple[float, float]:
    """Mean of ours less theirs, and half of its 95 % interval."""
    gaps = [float(a) - float(b) for a, b in named]
    return fmean(gaps), Z_95 * stdev(gaps) / sqrt(len(gaps))


def _labels(card: Mapping[str, object]) -> set[str]:
    found = card.get("labels")
    return {str(one) for one in found} if isinstance(found, list | tuple) else set()
