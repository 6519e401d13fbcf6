"""The sentence on top of the inbox."""

import pytest

from components.inbox import headline
from domain.cases import CaseState
from domain.clock import MINUTE
from services.rows.decide import Inbox, InboxRow
from services.rows.site import SiteRow

NOW = 1_800_000_000_000_000
SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR", shadow=False)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(42, "The first within 42 min: CNC-11."), (-5, "The first is too late since 5 min: CNC-11.")],
)
def test_the_headline_says_how_long_is_left(minutes: int, words: str) -> None:
    row = InboxRow(
        "c1", 1, "Change the bearing", "north/a/b/cnc-11", "CNC-11", "north/a/b", "Line 1", "bearing",
        CaseState.PROPOSED, False, NOW, NOW + minutes * MINUTE, 100, 0, 0, 0, None, True,
    )  # fmt: skip
    assert words in headline(Inbox((row,), (), ()), SITE, NOW)
