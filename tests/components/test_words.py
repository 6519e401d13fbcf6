"""Values as people read them."""

from datetime import datetime

import pytest

from components import words as w
from domain.clock import DAY, HOUR, MINUTE, SECOND
from tests.factories import NOW

ZONE = "Europe/Berlin"


@pytest.mark.parametrize(
    ("us", "said"),
    [
        (NOW, "11:00"),
        (NOW - DAY, "Fri 11:00"),
        (NOW - 9 * DAY, "12 Nov 11:00"),
        (NOW - 400 * DAY, "17 Oct 2025 12:00"),
        (None, w.NOTHING),
    ],
)
def test_a_moment_is_as_long_as_it_must_be(us, said):
    assert w.moment(us, ZONE, NOW) == said


BACK = 1_792_890_000_000_000  # 2026-10-25 01:00 UTC: from 03:00 to 02:00 in Berlin


def test_the_hour_that_comes_twice_is_told_apart():
    first, second = BACK - 30 * MINUTE, BACK + 30 * MINUTE
    assert [w.moment(us, ZONE, BACK) for us in (first, second)] == ["02:30 +02:00", "02:30 +01:00"]
    assert w.moment(first, ZONE, BACK + 2 * DAY) == "Sun 02:30 +02:00"
    assert w.moment(second, ZONE, NOW) == "25 Oct 02:30 +01:00"
    assert w.stamp(second, ZONE) == "2026-10-25 02:30:00 +01:00"
    assert w.stamp(BACK + 3 * HOUR, ZONE) == "2026-10-25 05:00:00"


@pytest.mark.parametrize(
    ("us", "zone", "said"),
    [
        (BACK - 30 * MINUTE, ZONE, "2026-10-25 02:30:00+02:00"),
        (BACK + 30 * MINUTE, ZONE, "2026-10-25 02:30:00+01:00"),
        (NOW + SECOND // 2, "Asia/Kathmandu", "2026-11-21 15:45:00+05:45"),
        (None, ZONE, ""),
    ],
)
def test_a_time_in_a_file_has_its_offset_and_can_be_read_back(us, zone, said):
    assert w.instant(us, zone) == said
    assert us is None or datetime.fromisoformat(said).timestamp() == us // SECOND


def test_midnight_belongs_to_the_sites_day():
    late = NOW + 12 * HOUR  # 23:00 in Berlin
    assert w.moment(late, ZONE, NOW) == "23:00"
    assert w.moment(late + HOUR, ZONE, NOW) == "Sun 00:00"


@pytest.mark.parametrize(
    ("us", "said"),
    [
        (500_000, "0.5 s"),
        (42 * SECOND, "42 s"),
        (42 * MINUTE, "42 min"),
        (70 * MINUTE, "1 h 10 min"),
        (2 * HOUR, "2 h"),
        (3 * DAY + 4 * HOUR, "3 d 4 h"),
    ],
)
def test_a_duration_has_two_units_at_most(us, said):
    assert w.lapse(us) == said


@pytest.mark.parametrize(
    ("us", "said"), [(0, "under 1 min"), (-SECOND, "under 1 min"), (7 * MINUTE, "7 min"), (DAY, "1 d")]
)
def test_an_age_changes_seldom(us, said):
    assert w.age_roughly(NOW - us, NOW) == said


def test_a_deadline_that_has_passed_says_so():
    assert w.left(NOW + 42 * MINUTE, NOW) == "42 min"
    assert w.left(NOW - 5 * MINUTE, NOW) == "too late since 5 min"


@pytest.mark.parametrize(
    ("cents", "said"),
    [
        (250_000, "\u20ac 2,500"),
        (-42_000, "\u2212\u20ac 420"),
        (150, "\u20ac 1.50"),
        (0, "\u20ac 0"),
        (None, w.NOTHING),
    ],
)
def test_money(cents, said):
    assert w.money(cents, "EUR") == said


def test_an_unknown_currency_keeps_its_code():
    assert w.money(1_000, "PLN") == "PLN 10"


@pytest.mark.parametrize(
    ("chance", "said"),
    [(0.07, "7 of 100"), (0.001, "under 1 of 100"), (0.999, "over 99 of 100"), (None, "not known yet")],
)
def test_a_chance_is_never_certain(chance, said):
    assert w.of_100(chance) == said


@pytest.mark.parametrize(("value", "said"), [(0.342, "+34"), (-0.06, "\u22126"), (0.004, "0"), (-0.004, "0")])
def test_points_carry_their_sign(value, said):
    assert w.points(value) == said


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1234.5, "A", "1,234 A"),
        (41.26, "degC", "41.3 \u00b0C"),
        (-0.5, "1", "\u22120.50"),
        (None, "A", w.NOTHING),
    ],
)
def test_numbers_have_three_digits_and_a_unit(value, unit, said):
    assert w.number(value, unit) == said


def test_remaining_life_has_its_interval():
    assert w.life(9, 6, 11, "operating hours") == "9 operating hours (6 to 11)"
    assert w.life(9, None, None, "cycles") == "9 cycles"


def test_names_from_outside_cannot_leave_an_attribute():
    assert w.safe("\"><script>'") == "&quot;&gt;&lt;script&gt;&#x27;"


def test_a_metric_of_another_source_is_still_readable():
    assert w.metric_label("sensor_21") == "Sensor 21"
    assert w.metric_label("vibration_rms") == "Vibration, velocity RMS"
    assert w.metric_label("current+load") == "Motor current and load"


@pytest.mark.parametrize(
    ("cents", "said"), [(75, "\u20ac 1"), (325, "\u20ac 3"), (-20_000, "\u2212\u20ac 200")]
)
def test_money_in_a_column_has_no_cents(cents, said):
    assert w.money(cents, "EUR", whole=True) == said


@pytest.mark.parametrize(
    ("name", "version", "said"),
    [
        ("plant_failure", "20261121-9a472317", "plant failure model, version 20261121"),
        ("plant_failure", "", "plant failure model"),
        ("", "", ""),
    ],
)
def test_a_model_is_called_by_its_name_and_day(name, version, said):
    assert w.model_text(name, version) == said
