"""The typical day against plain counting, over weekends, gaps and days on which the clock moves."""

from datetime import date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.clock import micros
from domain.energy import QUARTER_US, Quarter
from domain.load_profile import typical_days

BERLIN = ZoneInfo("Europe/Berlin")


def at(text):
    return micros(datetime.fromisoformat(text).replace(tzinfo=BERLIN))


def stretch(first, days, level):
    begin = at(f"{first}T00:00")
    end = micros(datetime.fromisoformat(first).replace(tzinfo=BERLIN) + timedelta(days=days))
    return [Quarter(moment, level(moment)) for moment in range(begin, end, QUARTER_US)]


def test_medians_and_bands_are_those_of_numpy():
    rng = np.random.default_rng(1)
    found = typical_days(stretch("2026-11-02", 14, lambda _: float(rng.gamma(5, 10))), BERLIN)
    rng = np.random.default_rng(1)
    values = np.array([float(rng.gamma(5, 10)) for _ in range(14 * 96)]).reshape(14, 96)
    weekend = [d for d in range(14) if d % 7 > 4]
    for day, rows in zip(found, ([d for d in range(14) if d % 7 < 5], weekend), strict=True):
        assert day.days == len(rows) and len(day.places) == 96
        for place in day.places:
            column = values[rows, place.minute // 15]
            assert place.median == pytest.approx(np.median(column)) == pytest.approx(median(column))
            assert (place.low, place.high) == pytest.approx(tuple(np.quantile(column, [0.1, 0.9])))
    assert found[0].kwh == pytest.approx(sum(p.median for p in found[0].places) / 4)


def test_where_the_clock_moves_every_quarter_hour_keeps_its_place():
    for first in ("2026-10-17", "2026-03-21"):  # 16 days around a Sunday of 25 or of 23 hours
        found = typical_days(stretch(first, 16, lambda us: float((us // QUARTER_US) % 7)), BERLIN)
        assert [day.name for day in found] == ["Working days", "Days off"]
        assert all([p.minute for p in day.places] == list(range(0, 1440, 15)) for day in found)
        assert found[1].days == 6


def test_estimated_and_unknown_quarter_hours_do_not_count_and_one_day_is_no_rule():
    known = stretch("2026-11-02", 2, lambda _: 5.0)
    odd = [Quarter(q.at_us, 900.0, True) for q in stretch("2026-11-04", 1, lambda _: 900.0)]
    none = [Quarter(q.at_us, None) for q in stretch("2026-11-05", 1, lambda _: 0.0)]
    (day,) = typical_days([*known, *odd, *none], BERLIN)
    assert day.days == 2 and {p.high for p in day.places} == {5.0}
    assert typical_days(known[:96], BERLIN) == ()
    assert typical_days([], BERLIN) == ()


def test_a_public_holiday_is_a_day_off():
    week = stretch(
        "2026-12-14", 14, lambda us: 1.0 if datetime.fromtimestamp(us / 1e6, BERLIN).day == 25 else 8.0
    )
    plain, kept = (
        typical_days(week, BERLIN),
        typical_days(week, BERLIN, {date(2026, 12, 25), date(2026, 12, 26)}),
    )
    assert [day.days for day in plain] == [10, 4] and plain[0].places[0].low < 8.0
    assert [day.days for day in kept] == [9, 5] and kept[0].places[0].low == 8.0
