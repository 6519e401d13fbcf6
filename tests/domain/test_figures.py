"""Figures and causes in the words of the floor."""

import pytest

from domain.recommendation import cause_phrase
from domain.telemetry import figure_text


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (5.92, "1", "5.92"),
        (1358.3, "1/min", "1,360 rpm"),
        (0.0871, "mm/s", "0.087 mm/s"),
        (1.6, "g/m2", "1.60 g/m\u00b2"),
        (1500, "m3/h", "1,500 m\u00b3/h"),
        (4.2, "m/s2", "4.20 m/s\u00b2"),
        (3, "kgCO2", "3.00 kgCO2"),
        (173.4, "degC", "173 \u00b0C"),
        (-12.34, "kPa", "\u221212.3 kPa"),
        (0.0, "A", "0 A"),
    ],
)
def test_a_figure_has_three_digits_and_no_power_of_ten(value, unit, said):
    assert figure_text(value, unit) == said


@pytest.mark.parametrize(
    ("cause", "said"),
    [("bearing", "a worn bearing"), ("overheating", "overheating"), ("unknown", "a fault of unknown cause")],
)
def test_a_cause_reads_well_within_a_sentence(cause, said):
    assert cause_phrase(cause) == said
