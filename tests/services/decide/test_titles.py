"""What a case proposes, in one line."""

from types import SimpleNamespace

import pytest

from domain.recommendation import Choice
from services.proposal import title

ROBOT = SimpleNamespace(name="Robot 31")
TASK = SimpleNamespace(task=SimpleNamespace(task="Replace bearings"))


@pytest.mark.parametrize(
    ("key", "label", "start_us", "said"),
    [
        (Choice.NOW, "Now", 1, "Replace bearings on Robot 31 now"),
        (Choice.INSPECT_FIRST, "Inspect first", 1, "Inspect Robot 31 for a worn bearing"),
        (
            Choice.RUN_TO_FAILURE,
            "Run to failure",
            None,
            "Robot 31: run to failure in spite of a worn bearing",
        ),
        (
            Choice.WAIT_FOR_ALARM,
            "Wait for the limit alarm",
            None,
            "Robot 31: wait for the limit alarm in spite of a worn bearing",
        ),
    ],
)
def test_a_title_says_what_is_done_or_that_nothing_is(key, label, start_us, said) -> None:
    choice = SimpleNamespace(key=key, label=label, start_us=start_us)
    assert title(ROBOT, "bearing", TASK, choice) == said
