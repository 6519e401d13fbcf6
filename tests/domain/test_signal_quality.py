"""What looks wrong with a signal, and what its usual noise becomes."""

from dataclasses import replace

import pytest

from domain.clock import HOUR, MINUTE, SECOND
from domain.signal_quality import LEAST, MEMORY, Look, Odd, odds, usual_after

FINE = Look(
    metric="temperature", from_us=0, to_us=4 * HOUR, running_us=4 * HOUR, readings=400, out_of_range=0,
    silent_us=SECOND, flat_us=SECOND, late_us=SECOND, noise=0.3, usual_noise=0.25,
)  # fmt: skip


def test_a_signal_as_usual_is_not_odd():
    assert odds(FINE) == ()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"silent_us": 30 * MINUTE, "flat_us": 3 * HOUR}, (Odd.SILENT,)),
        ({"flat_us": 2 * HOUR}, (Odd.FLAT,)),
        ({"flat_us": 2 * HOUR - 1}, ()),
        ({"out_of_range": 1}, (Odd.OUT_OF_RANGE,)),
        ({"noise": 1.01}, (Odd.NOISY,)),
        ({"noise": 1.0}, ()),
        ({"noise": 9.0, "usual_noise": 0.0}, ()),
        ({"noise": 9.0, "readings": LEAST - 1}, ()),
        ({"late_us": 60 * SECOND}, (Odd.CLOCK,)),
        ({"late_us": -60 * SECOND}, (Odd.CLOCK,)),
        ({"metric": "good_count", "flat_us": HOUR}, (Odd.FLAT,)),
        ({"metric": "good_count", "noise": 9.0}, ()),
        ({"metric": "scrap_count", "flat_us": 4 * HOUR}, ()),
        ({"metric": "ambient_temperature", "flat_us": 4 * HOUR}, ()),
        ({"metric": "state", "silent_us": 4 * HOUR, "flat_us": 4 * HOUR}, ()),
        ({"metric": "of the plant's own", "flat_us": 4 * HOUR}, (Odd.FLAT,)),
    ],
)
def test_what_is_odd(change, found):
    assert odds(replace(FINE, **change)) == found


def test_usual_noise_follows_slowly_and_does_not_get_used_to_noise():
    assert usual_after(FINE) == pytest.approx(0.25 + MEMORY * 0.05)
    assert usual_after(replace(FINE, noise=1.2)) == 0.25
    assert usual_after(replace(FINE, usual_noise=0.0)) == 0.3
    assert usual_after(replace(FINE, readings=LEAST - 1)) == 0.25
