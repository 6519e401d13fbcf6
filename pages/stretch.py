"""The stretch of whole local days that a screen is for, kept in the address as `span`."""

from datetime import timedelta

from domain.shift_calendar import at_minute, local_day
from pages.filters import choice
from services.desk import Desk

SPANS = {
    "": ("Last 7 days", 7, 0),
    "today": ("Today", 1, 0),
    "yesterday": ("Yesterday", 1, 1),
    "30": ("Last 30 days", 30, 0),
    "90": ("Last 90 days", 90, 0),
    "365": ("Last 365 days", 365, 0),
}


def choose(desk: Desk) -> tuple[int, int, str]:
    """(from, to, name in the address) of the chosen stretch; it ends with today unless it says otherwise."""
    chosen = choice("Days", "span", [(key, words) for key, (words, _, _) in SPANS.items()], width=180)
    _, days, back = SPANS[chosen]
    zone = desk.site.time_zone
    end = local_day(desk.now_us, zone) + timedelta(days=1 - back)
    return at_minute(end - timedelta(days=days), 0, zone), at_minute(end, 0, zone), chosen
