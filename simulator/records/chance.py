"""Chance that is the same whenever it is asked: a hash of the keys, so that a replay changes nothing."""

from hashlib import blake2b


def chance(*keys: object) -> float:
    """A number in [0, 1) that depends on the keys only."""
    digest = blake2b(repr(keys).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def between(low: float, high: float, *keys: object) -> float:
    """A number in [low, high) that depends on the keys only."""
    return low + (high - low) * chance(*keys)
