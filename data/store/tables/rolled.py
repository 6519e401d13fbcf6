"""Readings rolled up by minute, hour and shift, and the marks of what must be folded anew.

A row stands for the stretch that begins at `at_us` (half open). `readings` counts the good values that
arrived in it, `bad` the others. `covered_us` is the time for which a good value stood; `mean` is weighted
by that time. `low`, `high` and `last` are of the values that stood. All four are NULL where none did.
"""

from sqlalchemy import Column, Table

from data.store.tables.base import metadata, number, text, us, whole


def _measures() -> list[Column[int] | Column[float]]:
    return [
        whole("readings"),
        whole("bad"),
        whole("covered_us"),
        *(number(name, null=True) for name in ("mean", "low", "high", "last")),
    ]


rolled_minutes = Table(
    "rolled_minutes",
    metadata,
    whole("metric_id", key=True),
    us("at_us", key=True),
    *_measures(),
    sqlite_with_rowid=False,
)
rolled_hours = Table(
    "rolled_hours",
    metadata,
    whole("metric_id", key=True),
    us("at_us", key=True),
    *_measures(),
    sqlite_with_rowid=False,
)
rolled_shifts = Table(
    "rolled_shifts",
    metadata,
    whole("metric_id", key=True),
    us("at_us", key=True),  # the start of the shift, as in rolled_shift_grid of the machine's line
    *_measures(),
    sqlite_with_rowid=False,
)
# The shifts of lines as they were rolled up last; one that the calendar no longer has is taken out again.
rolled_shift_grid = Table(
    "rolled_shift_grid",
    metadata,
    text("line_id", key=True),
    us("at_us", key=True),
    us("to_us"),
    text("name"),
)
# What arrived since the last fold, written with the readings. `stamp` is new at each change: a fold deletes
# a mark only as it read it.
rolled_dirty = Table(
    "rolled_dirty",
    metadata,
    whole("metric_id", key=True),
    us("from_us", key=True),  # the minute of the first value
    us("to_us"),  # the time of the last
    whole("stamp"),
    sqlite_with_rowid=False,
)
