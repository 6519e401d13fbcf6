"""Calendars, the classified intervals, the roll-ups of KPIs, and what was reported at shift close.

`intervals` is the one store of classified time: per unit, `from_us` to `to_us` belongs to `leaf`
(domain.time_model.Leaf) because of `cause` (domain.time_model.Cause). Rows of a unit neither overlap
nor leave a hole from its first row to `upto_us` of `kpi_progress`. They are derived: recomputed per
cell (a shift, or the local day outside shifts) whenever a fact of that cell changes, so nothing that a
person says may be kept in them; keep it beside, by (equipment_id, from_us), and mark the stretch in
`kpi_dirty` when it changes what counts.
"""

from sqlalchemy import Column, Index, LargeBinary, Table
from sqlalchemy import text as sql

from data.store.tables.base import flag, metadata, number, serial, text, us, whole
from domain.measures import REAL, WHOLE

shift_patterns = Table(
    "shift_patterns",
    metadata,
    text("pattern_id", key=True),
    text("scope"),  # a line, an area or a site
    text("name"),
    text("weekdays"),  # ISO days on which it begins: "12345"
    whole("start_minute"),  # wall clock of the site's zone
    whole("minutes"),
    text("breaks"),  # JSON: [[minutes after the start, minutes], ...]
    whole("freeze_minutes"),
    flag("on_holidays"),
    text("valid_from"),  # ISO date
    text("valid_to", null=True),
)
calendar_exceptions = Table(
    "calendar_exceptions",
    metadata,
    text("scope", key=True),
    text("day", key=True),  # ISO date
    text("kind", key=True),  # closed, extra
    whole("start_minute", key=True),
    text("name"),
    whole("minutes"),
    text("reason"),
)
holiday_regions = Table(
    "holiday_regions",
    metadata,
    text("site_id", key=True),
    text("country"),  # ISO 3166 code, as the library `holidays` knows it
    text("subdivision"),
)
# The breaks of shifts that came from a calendar; a MES names one break in the shift's own row.
shift_breaks = Table(
    "shift_breaks",
    metadata,
    text("instance", key=True),
    text("shift_id", key=True),
    us("start_us", key=True),
    us("end_us"),
)
# How stops are read, per line or site, from a moment on. Old versions stay: history keeps its figures.
stop_policies = Table(
    "stop_policies",
    metadata,
    text("scope", key=True),
    us("valid_from_us", key=True),
    whole("minor_stop_s"),  # a shorter stop is a minor stop
    text("minor_model"),  # availability (ISO 22400), or performance (six big losses)
    text("set_by"),
    us("set_wall_us"),
    text("reason"),
)
intervals = Table(
    "intervals",
    metadata,
    text("equipment_id", key=True),
    us("from_us", key=True),
    us("to_us"),
    text("leaf"),
    text("cause"),
    whole("state", null=True),  # PackML code, NULL in a gap
    text("source"),  # packml, machinery (OPC 40001-1), running (plain), counter (inferred)
    text("charged_to"),  # the machine that made this one wait, or empty
    text("order_id"),
    text("product_id"),
    flag("off_plan"),
    flag("provisional"),  # the stretch still runs, or lies in a shift that is not closed
    sqlite_with_rowid=False,
)
Index("ix_intervals_charged_to", intervals.c.charged_to, intervals.c.from_us)
# The stretches of intervals in which a machine stood with an order, by cell: what stops are made of. Written
# with them; a cell that is not here has not been classified since this table is there.
stood_cells = Table(
    "stood_cells",
    metadata,
    text("equipment_id", key=True),
    us("from_us", key=True),  # of the cell
    us("to_us"),
    us("upto_us"),  # how far it was classified
    Column("packed", LargeBinary, nullable=False),  # data.store.standing.STOOD
    sqlite_with_rowid=False,
)
kpi_dirty = Table(
    "kpi_dirty",
    metadata,
    serial("dirty_id"),
    text("equipment_id"),
    us("from_us"),
    us("to_us"),
)
kpi_progress = Table(
    "kpi_progress",
    metadata,
    text("equipment_id", key=True),
    us("from_us"),
    us("upto_us"),
)


# Added to tables that held figures.
LATER = ("uncounted_us", "uncounted_run_us", "unordered_us", "unordered_run_us")


def _measures() -> list[Column[int] | Column[float]]:
    counts = (whole(name, default="0" if name in LATER else None) for name in WHOLE)
    return [*counts, *(number(name) for name in REAL)]


# The base of all roll-ups: one row a unit, shift (or local day outside shifts) and order.
kpi_cells = Table(
    "kpi_cells",
    metadata,
    text("equipment_id", key=True),
    us("from_us", key=True),
    text("order_id", key=True),
    text("product_id", key=True),
    text("shift"),  # empty outside shifts
    us("to_us"),
    us("day_us"),  # midnight of the local day on which the shift began
    us("month_us"),
    *_measures(),
    sqlite_with_rowid=False,
)
Index("ix_kpi_cells_order_id", kpi_cells.c.order_id)
Index("ix_kpi_cells_day_us", kpi_cells.c.equipment_id, kpi_cells.c.day_us)
kpi_days = Table(
    "kpi_days",
    metadata,
    text("equipment_id", key=True),
    us("day_us", key=True),
    text("shift", key=True),
    text("product_id", key=True),
    us("month_us"),
    *_measures(),
    sqlite_with_rowid=False,
)
Index("ix_kpi_days_month_us", kpi_days.c.equipment_id, kpi_days.c.month_us)
kpi_months = Table(
    "kpi_months",
    metadata,
    text("equipment_id", key=True),
    us("month_us", key=True),
    text("shift", key=True),
    text("product_id", key=True),
    *_measures(),
    sqlite_with_rowid=False,
)
# Time by cause, for the losses: per cell, local day and month (`level`), and machine it is charged to.
kpi_losses = Table(
    "kpi_losses",
    metadata,
    text("level", key=True),  # cell, day, month
    text("equipment_id", key=True),
    us("from_us", key=True),
    text("cause", key=True),
    text("charged_to", key=True),
    text("shift"),  # of a cell; empty above
    us("day_us"),
    us("month_us"),
    whole("lost_us"),
    whole("times"),
    sqlite_with_rowid=False,
)
# Of one shift over a long stretch: who let others wait. All that is asked is in the index.
_CHARGED = sql("level = 'cell' AND charged_to <> ''")
Index(
    "ix_kpi_losses_charged",
    *(kpi_losses.c[name] for name in ("equipment_id", "shift", "day_us", "from_us", "charged_to", "lost_us")),
    sqlite_where=_CHARGED,
    postgresql_where=_CHARGED,
)
# What is odd in a stretch, with the record to look at. Recomputed with its cell.
kpi_flags = Table(
    "kpi_flags",
    metadata,
    text("equipment_id", key=True),
    us("from_us", key=True),  # of the cell
    text("code", key=True),
    text("record", key=True),
    us("at_us"),
    text("words"),
)
Index("ix_kpi_flags_at_us", kpi_flags.c.at_us)
_REMOVED = sql("code = 'state_after_removal'")
Index(
    "ix_kpi_flags_removed",
    kpi_flags.c.equipment_id,
    kpi_flags.c.at_us,
    sqlite_where=_REMOVED,
    postgresql_where=_REMOVED,
)
targets = Table(
    "targets",
    metadata,
    text("scope", key=True),
    text("kpi", key=True),
    us("valid_from_us", key=True),
    number("value"),
    text("set_by"),
    us("set_wall_us"),
)
shift_closings = Table(
    "shift_closings",
    metadata,
    text("line_id", key=True),
    us("from_us", key=True),
    whole("version", key=True),  # 1 at the first close; a close after reopening adds one
    us("to_us"),
    text("shift"),
    text("closed_by"),
    us("closed_us"),
    us("closed_wall_us"),
    text("note"),
    text("reopened_by", null=True),
    us("reopened_us", null=True),
    us("reopened_wall_us", null=True),
    text("reopen_reason"),
    text("constraint_unit", null=True),  # at which the line was measured then; null: it had no machines
)
# As reported at a close, per unit of the line; as corrected is what the roll-ups say now.
shift_figures = Table(
    "shift_figures",
    metadata,
    text("line_id", key=True),
    us("from_us", key=True),
    whole("version", key=True),
    text("equipment_id", key=True),
    text("product_id", key=True),
    flag("provisional"),
    *_measures(),
)
