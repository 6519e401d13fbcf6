"""Damages good messages: what a bad cable, a bad client and a bad person would send."""

import json
import random
from collections.abc import Sequence

NUMBERS = (0, 1, 127, 128, 255, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
WORDS = (
    b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"-0", b"1" * 400, b'"\\ud800"', b'"\\u0000"', b"{}",
    b"[]", b"[[[[[[[[", b'{"ts":1,"ts":2}', b"\xef\xbb\xbf", b"\xff\xfe", b'"<b>"', b"0x10", b"'", b"//",
)  # fmt: skip


def damaged(rng: random.Random, corpus: Sequence[bytes]) -> bytes:
    """One to six mutations of one of the good messages; now and then nothing but noise."""
    if rng.random() < 0.02:
        return rng.randbytes(rng.randrange(200))
    data = bytearray(rng.choice(corpus))
    for _ in range(rng.randint(1, 6)):
        rng.choice(_MUTATIONS)(rng, data, corpus)
    return bytes(data[:100_000])


def value(rng: random.Random, depth: int = 0) -> object:
    """Any value that JSON or a database row may hold."""
    kind = rng.randrange(10 if depth < 3 else 8)
    if kind == 8:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 9:
        return {name(rng): value(rng, depth + 1) for _ in range(rng.randrange(4))}
    return (
        None,
        rng.random() < 0.5,
        rng.choice(NUMBERS) * rng.choice((1, -1, 10**30)),
        rng.choice((0.0, -0.0, 1.5, 1e308, -1e308, 5e-324, float("nan"), float("inf"), float("-inf"))),
        rng.randrange(-(10**15), 10**15),
        name(rng),
        rng.gauss(0, 100),
        "y" * rng.choice((0, 1, 5_000)),
    )[kind]


def name(rng: random.Random) -> str:
    """A word, plain or hostile."""
    odd = (
        "",
        "\x00",
        "\ud800",
        "<b>",
        "a/b",
        "../..",
        "state",
        "values",
        "x" * 300,
        "\u202eabc",
        "ts",
        "é",
        "#",
        "+",
    )
    return (
        rng.choice(odd) if rng.random() < 0.5 else "".join(rng.choices("abcdefgh_019", k=rng.randint(1, 12)))
    )


def document(rng: random.Random) -> bytes:
    """A JSON document of its own invention."""
    return json.dumps(value(rng)).encode("utf-8", "surrogatepass")


def _flip(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _cut(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _drop(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    del data[at : at + rng.randint(1, 8)]


def _insert(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice(WORDS) if rng.random() < 0.5 else rng.randbytes(rng.randint(1, 8))


def _varint(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """A number of protobuf: a length that lies, a field that is too large."""
    number, out = rng.choice(NUMBERS), bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    at = rng.randrange(len(data) + 1)
    data[at : at + rng.randint(0, 2)] = out


def _repeat(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        at = rng.randrange(len(data))
        data[at:at] = data[at : at + rng.randint(1, 40)] * rng.choice((1, 2, 50))


def _splice(rng: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    other = rng.choice(corpus)
    if other:
        at = rng.randrange(len(other))
        data[rng.randrange(len(data) + 1) :] = other[at:]


_MUTATIONS = (_flip, _flip, _cut, _drop, _insert, _varint, _repeat, _splice)
