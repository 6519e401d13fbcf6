"""Floods, chattering and rates of alarms in columns, against plain loops."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.alarms.life import Priority
from domain.clock import DAY, HOUR, MINUTE, SECOND
from services.alarms.figures import floods, kpis
from tests.kits.alarm_rules import Asked, columns

LOW = Priority.LOW


def array(times):
    return np.fromiter(times, np.int64)


def chattering(asked):
    return kpis(columns(asked), 0, HOUR).chattering


def naive_floods(times):
    """Second by second: is the flood on? It begins with more than 10 and ends with fewer than 5 in 10 min."""
    if not times:
        return []
    found, begun = [], None
    for now in range(times[0], times[-1] + 601):
        last = sum(now - 600 < at <= now for at in times)
        if begun is None and last > 10:
            begun = now
        elif begun is not None and last < 5:
            found.append((begun, now))
            begun = None
    return found


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=0, max_size=60), st.integers(1, 6))
def test_floods_agree_with_a_loop_over_every_second(steps, stretch):
    """Gaps between alarms are mostly short, so that floods occur; all times differ."""
    times, at = [], 0
    for gap in steps:
        at += 1 + gap // (1 if gap > 300 else 4 * stretch)
        times.append(at)
    ours = [(f.from_us // SECOND, f.to_us // SECOND) for f in floods(array(x * SECOND for x in times))]
    assert ours == naive_floods(times)


def test_eleven_in_ten_minutes_are_a_flood_and_ten_are_none():
    assert floods(array(i * 50 * SECOND for i in range(10))) == []
    (found,) = floods(array(i * 50 * SECOND for i in range(11)))
    assert found.from_us == 500 * SECOND and found.to_us == 6 * 50 * SECOND + 10 * MINUTE


def test_figures_of_a_small_day():
    asked = [Asked(i * SECOND, "a", LOW) for i in (0, 20, 40)] + [Asked(600 * SECOND, "b", Priority.HIGH)]
    found = kpis(columns(asked), 0, 1_200 * SECOND)
    assert (found.total, found.rate, found.worst, found.floods) == (4, 2.0, 3, ())
    assert found.split == {Priority.LOW: 0.75, Priority.MEDIUM: 0.0, Priority.HIGH: 0.25}
    assert found.frequent == (("a", 3), ("b", 1)) and found.chattering == (("a", 1),)
    empty = kpis(columns([]), 0, 1_200 * SECOND)
    assert (empty.total, empty.rate, empty.flooded) == (0, 0.0, 0.0)


def test_chattering_needs_three_within_a_minute():
    def at(*seconds):
        return [Asked(s * SECOND, "x", LOW) for s in seconds]

    assert chattering(at(0, 30, 61)) == () and chattering(at(0, 30, 60)) == (("x", 1),)
    assert chattering(at(0, 10, 20, 30)) == (("x", 2),)


def test_what_chatters_is_listed_behind_ten_that_ask_more_often():
    often = [Asked(HOUR * n, f"often{k}", Priority.LOW) for n in range(20) for k in range(10)]
    chatter = [Asked(DAY + SECOND * n * 20, "seldom", Priority.HIGH) for n in range(3)]
    once = [Asked(DAY + HOUR, "once", Priority.LOW)]
    found = kpis(columns([*often, *chatter, *once]), 0, 2 * DAY)
    assert [key for key, _ in found.frequent][10:] == ["seldom"]
