"""What *Data quality* says of signals, of how many machines it knows it."""

import pytest

from components import data_quality as c
from services.rows.data_quality import MachineData


def machine(number: int, looked_us: int | None) -> MachineData:
    return MachineData(
        f"north/a/b/{number}", f"CNC-{number}", "north/a/b", "Line 1", (), (), (), (), 0, looked_us
    )


@pytest.mark.parametrize(
    ("looked", "words"),
    [
        ((None, None), "No machine has been looked at yet."),
        ((5, None), "Every signal of the 1 machine looked at so far looks right."),
        ((5, 5), "Every signal looks right."),
    ],
)
def test_nothing_is_called_right_that_was_not_looked_at(looked: tuple[int | None, ...], words: str) -> None:
    assert words in c.odd_panel([machine(number, at) for number, at in enumerate(looked)])
