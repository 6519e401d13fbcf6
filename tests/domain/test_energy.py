"""Prices by the time of use, the peak and the base load."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import DAY, HOUR, micros
from domain.energy import (
    QUARTER_US,
    Band,
    Factor,
    Quarter,
    Tariff,
    bands_at,
    base_load,
    cost_of_bands,
    emissions_kg,
)
from domain.errors import InvalidInput

BERLIN = ZoneInfo("Europe/Berlin")
DAYTIME = Band("day", "12345", 360, 1_320, 20_000)
REST = Band("rest", "1234567", 0, 1_440, 10_000)
TWO = Tariff(0, "two prices", (DAYTIME, REST), 1_000)


def at(text):
    return micros(datetime.fromisoformat(text).replace(tzinfo=BERLIN))


def quarters(first, count, kw=4.0):
    return [Quarter(first + i * QUARTER_US, kw) for i in range(count)]


def cost_of(row, tariffs, zone):
    bands = bands_at([q.at_us for q in row], tariffs, zone)
    priced = [(band, q.kwh) for band, q in zip(bands, row, strict=True) if band is not None]
    unpriced = sum(q.kw is not None for band, q in zip(bands, row, strict=True) if band is None)
    return cost_of_bands(priced, unpriced)


def test_a_weekday_costs_two_prices_and_a_sunday_one():
    weekday = cost_of(quarters(at("2026-11-20T00:00"), 96), [TWO], BERLIN)
    assert weekday.by_band == {"day": 16 * 4 * 20, "rest": 8 * 4 * 10} and weekday.cents == 1_600
    assert cost_of(quarters(at("2026-11-22T00:00"), 96), [TWO], BERLIN).by_band == {"rest": 960}


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_the_days_on_which_the_clock_moves(day, hours):
    first = at(f"{day}T00:00")
    last = micros(datetime.fromisoformat(day).replace(tzinfo=BERLIN, hour=23, minute=45)) + QUARTER_US
    assert last - first == hours * HOUR
    night = Band("night", "1234567", 1_320, 360, 5_000)
    found = cost_of(quarters(first, hours * 4, 1.0), [Tariff(0, "n", (night, REST), 0)], BERLIN)
    assert found.by_band == {"night": (hours - 16) * 5, "rest": 160}


def test_a_new_tariff_holds_from_its_moment_on_and_hours_before_the_first_are_named():
    first = at("2026-11-22T00:00")
    old, new = (
        Tariff(first + HOUR, "a", (REST,), 0),
        Tariff(first + 3 * HOUR, "b", (Band("new", "1234567", 0, 1_440, 90_000),), 0),
    )
    found = cost_of(quarters(first, 16), [new, old], BERLIN)
    assert found.by_band == {"rest": 2 * 4 * 10, "new": 4 * 90} and found.unpriced == 4


def test_a_band_over_midnight_belongs_to_the_day_on_which_it_began():
    friday_night = Band("x", "5", 1_320, 360, 1)
    assert friday_night.covers(datetime(2026, 11, 20, 23)) and friday_night.covers(datetime(2026, 11, 21, 5))
    assert not friday_night.covers(datetime(2026, 11, 20, 5)) and not friday_night.covers(
        datetime(2026, 11, 21, 23)
    )


def test_nonsense_does_not_construct():
    with pytest.raises(InvalidInput, match="without a price"):
        Tariff(0, "x", (DAYTIME,), 0)
    for wrong in (("", 0, 1_440, 1), ("8", 0, 60, 1), ("1", 0, 2_000, 1), ("1", 0, 60, -1)):
        with pytest.raises(InvalidInput):
            Band("x", *wrong)


@given(st.lists(st.one_of(st.none(), st.floats(0, 500)), min_size=1, max_size=300), st.integers(0, 200))
def test_the_cost_is_the_energy_times_the_price(values, offset):
    row = [Quarter(at("2026-11-16T00:00") + (i + offset) * QUARTER_US, v) for i, v in enumerate(values)]
    flat = Tariff(0, "flat", (Band("x", "1234567", 0, 1_440, 12_345),), 0)
    energy = sum(v / 4 for v in values if v is not None)
    assert cost_of(row, [flat], BERLIN).cents == pytest.approx(energy * 12.345, abs=0.51)
    known = [v for v in values if v is not None]
    assert (base_load(known) is None) == (len(known) < 96)


def test_the_base_load_is_what_only_a_twentieth_stays_below():
    row = [100.0 if 24 <= i % 96 < 88 else 20.0 + i % 5 for i in range(4 * 96)]
    assert base_load(row) == pytest.approx(20.0, abs=1)
    assert base_load(row[:90]) is None


def test_each_hour_emits_by_the_factor_of_its_time():
    first = at("2026-11-20 00:00")
    day = quarters(first, 96)  # 4 kW: 1 kWh a quarter hour
    factors = [Factor(first - DAY, 400.0), Factor(first + 12 * HOUR, 300.0)]
    assert emissions_kg(day, factors) == pytest.approx((48 * 400 + 48 * 300) / 1_000)
    assert emissions_kg(day, factors[1:]) is None  # half of the day has no factor
    assert emissions_kg(day, [*factors, Factor(first + 12 * HOUR, 0.0)]) == pytest.approx(48 * 0.4)


def test_after_its_end_the_tariff_before_holds_again():
    first = at("2026-11-23T00:00")
    winter = Band("winter", "1234567", 0, 1_440, 40_000)
    year, season = Tariff(0, "year", (REST,), 0), Tariff(first, "winter", (winter,), 0, first + 2 * HOUR)
    found = cost_of(quarters(first, 16), [year, season], BERLIN)
    assert found.by_band == {"winter": 2 * 4 * 40, "rest": 2 * 4 * 10} and found.unpriced == 0
    with pytest.raises(InvalidInput):
        Tariff(first, "x", (REST,), 0, first)


def test_three_prices_by_weekday_and_time_the_upper_one_counts():
    peak = Band("peak", "135", 17 * 60, 20 * 60, 50_000)
    three = Tariff(0, "three", (peak, DAYTIME, REST), 0)
    monday, tuesday = (cost_of(quarters(at(f"2026-11-2{d}T00:00"), 96), [three], BERLIN) for d in (3, 4))
    assert monday.by_band == {"peak": 3 * 4 * 50, "day": 13 * 4 * 20, "rest": 8 * 4 * 10}
    assert tuesday.by_band == {"day": 16 * 4 * 20, "rest": 8 * 4 * 10}
