"""The sentence on top of the inbox."""

from dataclasses import replace

import pytest

from components.inbox import headline
from domain.cases import CaseState
from domain.clock import MINUTE
from services.rows.decide import Inbox, InboxRow
from services.rows.site import SiteRow

NOW = 1_800_000_000_000_000
SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR", shadow=False)


def a_row(deadline_us: int) -> InboxRow:
    return InboxRow(
        "c1", 1, "Change the bearing", "north/a/b/cnc-11", "CNC-11", "north/a/b", "Line 1", "bearing",
        CaseState.PROPOSED, False, NOW, deadline_us, 100, 0, 0, 0, None, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(42, "The first within 42 min: CNC-11."), (-5, "The first is too late since 5 min: CNC-11.")],
)
def test_the_headline_says_how_long_is_left(minutes: int, words: str) -> None:
    assert words in headline(Inbox((a_row(NOW + minutes * MINUTE),), (), ()), SITE, NOW)


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        (
            (("failure_risk", 220_000), ("set_point", 14_000)),
            "2 for you, worth about \u20ac 2,200 and \u20ac 140 a week.",
        ),
        ((("failure_risk", 220_000), ("failure_risk", 30_000)), "2 for you, worth about \u20ac 2,500."),
        ((("set_point", 14_000), ("retraining", 0)), "2 for you, worth about \u20ac 140 a week."),
        ((("set_point", 0), ("raised", 0)), "2 for you. The first"),
    ],
)
def test_savings_of_a_week_are_not_added_to_what_is_saved_once(saved, words: str) -> None:
    rows = tuple(replace(a_row(NOW + MINUTE), kind=kind, benefit_cents=cents) for kind, cents in saved)
    assert words in headline(Inbox(rows, (), ()), SITE, NOW)
