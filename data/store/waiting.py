"""Whether a time of the wall clock that somebody waits for has come, also when that clock was set back."""

from typing import Any

from sqlalchemy import Column, ColumnElement, or_

from domain.clock import MINUTE

APART_US = MINUTE  # clocks of two computers, or one that was read before a wait for the database


def reached(moment: Column[Any], now_us: int, longest_us: int) -> ColumnElement[bool]:
    """It has come; so has one that lies further ahead than anybody ever waits (`longest_us`): the clock was
    set back since, and nobody is to wait until it is there again. `APART_US` more than that is still a wait:
    who reads a clock that is a little behind must not take what another one has just leased."""
    return or_(moment <= now_us, moment > now_us + longest_us + APART_US)
