"""Where classified intervals came to say something else, against a comparison moment by moment."""

import random

import pytest

from data.store.activity import moved
from domain.time_model import Span


def rows(begin, states):
    """A row of `intervals` for each state, one long."""
    return [("u", begin + k, begin + k + 1, "leaf", "cause", state) for k, state in enumerate(states)]


def works(state):
    return None if state is None else state in (6, 16)


@pytest.mark.parametrize("seed", range(30))
def test_the_span_holds_every_moment_that_differs_and_begins_with_the_first(seed):
    rng = random.Random(seed)
    low, length = rng.randrange(-3, 4), rng.randrange(1, 25)
    old = [rng.choice((6, 16, 2, None)) for _ in range(20)]
    new = [rng.choice((6, 2)) if rng.random() < 0.1 else state for state in old]
    later = rows(low, ([2] * 3 + new)[3 + low :][:length] if low < 0 else new[low:][:length])
    before = {k: works(state) for k, state in enumerate(old)}
    after = {row[1]: works(row[5]) for row in later}
    differ = [k for k in before if k in after and before[k] is not after[k]]
    found = moved(rows(0, old), later)
    if not differ:
        assert found is None
    else:
        assert found is not None and found.from_us == differ[0] and found.to_us > differ[-1]


def test_states_of_one_kind_are_no_change_and_what_is_added_is_news():
    assert moved(rows(0, [6, 16, 2, 5]), rows(0, [16, 6, 5, 2, 6, 6])) is None
    assert moved(rows(3, [6]), rows(0, [2, 2, 2, 6])) is None
    assert moved([], rows(0, [6])) is None
    assert moved(rows(0, [6, 2, 2, 6]), rows(0, [6, 6, 2, 6])) == Span(1, 3)
