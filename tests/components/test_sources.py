"""What *Sources* says of a device's life."""

import pytest

from components.sources import QUIET_US, devices_panel
from domain.clock import HOUR
from services.rows.intake import DeviceRow
from services.rows.site import SiteRow
from tests import factories as f

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")


@pytest.mark.parametrize(
    ("by_change", "silent_us", "words"),
    [
        (3, 2 * HOUR, "live, unchanged for 2 h"),
        (3, QUIET_US - 1, "<td>live</td>"),
        (2, 2 * HOUR, "quiet for 2 h"),
        (0, 2 * HOUR, "quiet for 2 h"),
    ],
)
def test_silence_of_a_device_that_sends_changes_only_is_life(by_change, silent_us, words):
    row = DeviceRow("sparkplug", "g/n/d", f.CNC, "CNC-11", True, 3, 0, f.NOW - silent_us, None, "", by_change)
    html = devices_panel([row], SITE, f.NOW)
    assert words in html
    assert ("unchanged" in html) == (by_change == 3 and silent_us > QUIET_US)
    sent = f"{by_change} of 3 sent when they change"
    assert (sent in html) == bool(by_change)


@pytest.mark.parametrize(
    ("offline_us", "stale", "heard_us", "words"),
    [
        (f.NOW - HOUR, 0, f.NOW, "offline since 10:00"),
        (None, 1, f.NOW, "1 value stale"),
        (None, 0, None, "never heard"),
    ],
)
def test_what_is_wrong_comes_first(offline_us, stale, heard_us, words):
    row = DeviceRow("json", "p", f.CNC, "CNC-11", True, 3, stale, heard_us, offline_us, "", 3)
    assert words in devices_panel([row], SITE, f.NOW)
