"""Chance that is the same whenever it is asked: a hash of the keys, so that a replay changes nothing."""

import math
from hashlib import blake2b


def chance(*keys: object) -> float:
    """A number in [0, 1) that depends on the keys only."""
    digest = blake2b(repr(keys).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def between(low: float, high: float, *keys: object) -> float:
    """A number in [low, high) that depends on the keys only."""
    return low + (high - low) * chance(*keys)


def drawn(mean: float, *keys: object) -> int:
    """A Poisson number (Knuth's way, in steps of a mean of 20 at most) that depends on the keys only."""
    total, step, rest = 0, 0, mean
    while rest > 0:
        part, left = min(rest, 20.0), 1.0
        while (left := left * chance(*keys, step)) > math.exp(-part):
            total, step = total + 1, step + 1
        rest, step = rest - part, step + 1
    return total
