"""Whether a time of the wall clock that somebody waits for has come, also when that clock was set back."""

from typing import Any

from sqlalchemy import Column, ColumnElement, or_


def reached(moment: Column[Any], now_us: int, longest_us: int) -> ColumnElement[bool]:
    """It has come; so has one that lies further ahead than anybody ever waits (`longest_us`): the clock was
    set back since, and nobody is to wait until it is there again."""
    return or_(moment <= now_us, moment > now_us + longest_us)
