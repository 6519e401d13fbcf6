"""Levels from the data that are there, what lifts them, and which advice each carries."""

import pytest

from domain.choices import Choice
from domain.maturity import Facts, Level, counts, level, lifts, supports

READY = Facts(days=30, learned=400, own=3, holds=True, watched=True)


@pytest.mark.parametrize(
    ("facts", "found", "words"),
    [
        (Facts(0, 0, 0, None, True), Level.LIMITS, "6 more days of readings"),
        (Facts(5.9, 0, 9, True, True), Level.LIMITS, "1 more days"),
        (Facts(6, 0, 9, True, True), Level.ANOMALY, "trained on this plant's failures"),
        (Facts(6, 19, 9, True, True), Level.ANOMALY, "trained on this plant's failures"),
        (Facts(6, 0, 9, True, False), Level.LIMITS, "a model of what is unusual"),
        (Facts(0, 20, 0, None, True), Level.POOLED, "3 more failures"),
        (Facts(30, 400, 2, True, True), Level.POOLED, "1 more failure of its own"),
        (Facts(30, 400, 3, None, True), Level.POOLED, "20 cases with a known end"),
        (Facts(30, 400, 3, False, True), Level.POOLED, "chances that come as stated"),
        (READY, Level.OWN, ""),
    ],
)
def test_the_level_follows_from_the_data(facts, found, words):
    assert level(facts) is found
    assert words in lifts(facts) and bool(lifts(facts)) == bool(words)


def test_advice_never_exceeds_the_level():
    carried = {one: {choice for choice in Choice if supports(one, choice)} for one in Level}
    assert carried[Level.LIMITS] == set()
    assert carried[Level.ANOMALY] == {Choice.INSPECT_FIRST}
    assert carried[Level.POOLED] == carried[Level.OWN] == set(Choice)
    assert all(carried[low] <= carried[high] for low in Level for high in Level if low <= high)


def test_machines_are_counted_at_every_level():
    assert list(counts([Level.OWN, Level.POOLED, Level.OWN]).values()) == [0, 0, 1, 2]
