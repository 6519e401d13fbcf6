"""The load over the days on which the clock changes."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from components.energy import load_figure
from domain.clock import HOUR, MINUTE, micros
from domain.energy import Quarter
from domain.wording import local
from services.rows.energy import EnergyRow, EnergyView

BERLIN = "Europe/Berlin"
BACK_US = micros(datetime(2026, 10, 25, 1, tzinfo=UTC))
FORWARD_US = micros(datetime(2026, 3, 29, 1, tzinfo=UTC))


def view(from_us: int, to_us: int) -> EnergyView:
    quarters = tuple(Quarter(at, 10.0) for at in range(from_us, to_us, 15 * MINUTE))
    whole = EnergyRow(
        "north", "North", "site", 1.0, 0.0, None, None, 0.0, None, 10.0, from_us, False, None, 1.0, 0.0
    )
    return EnergyView(whole, (), quarters, (), None, None, None, None, 0, ())


@pytest.mark.parametrize("changes_us", [BACK_US, FORWARD_US])
def test_no_quarter_hour_lies_over_another_when_the_clock_changes(changes_us: int) -> None:
    shown = view(changes_us - 12 * HOUR, changes_us + 12 * HOUR)
    figure = load_figure(shown, BERLIN)
    line, axis = figure.data[0], figure.layout.xaxis
    assert {(b - a).total_seconds() for a, b in pairwise(line.x)} == {900.0}
    marks = dict(zip(axis.tickvals, axis.ticktext, strict=True))
    told = {
        at: f"{local(q.at_us, BERLIN):%H:%M<br>%d %b}" for at, q in zip(line.x, shown.quarters, strict=True)
    }
    assert 4 <= len(marks) <= 11 and marks == {at: told[at] for at in marks}
    assert figure.data[-1].x[0] == line.x[0]  # the mark of the highest quarter hour


def test_the_hour_that_comes_twice_is_told_with_its_offset() -> None:
    words = load_figure(view(BACK_US - HOUR, BACK_US + 2 * HOUR), BERLIN).data[0].customdata
    assert words[0] == "25 Oct 02:00 +02:00" and words[4] == "25 Oct 02:00 +01:00"
    assert words[8] == "25 Oct 03:00" and len(set(words)) == len(words)


def test_on_other_days_the_axis_is_the_clock_of_the_site() -> None:
    shown = view(BACK_US + 2 * HOUR, BACK_US + 8 * HOUR)
    figure = load_figure(shown, BERLIN)
    assert figure.layout.xaxis.tickvals is None
    assert list(figure.data[0].x) == [local(q.at_us, BERLIN).replace(tzinfo=None) for q in shown.quarters]
