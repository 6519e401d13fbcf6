"""What people say of stops: every act with the earlier value; the reason tree; the ends of planned ones.

Stops themselves are derived (domain.stops); only what was said is stored, by the stop's key.
"""

from sqlalchemy import Index, Table, UniqueConstraint

from data.store.tables.base import flag, metadata, text, us, whole

# Append-only: a revert is a row of its own.
stop_acts = Table(
    "stop_acts",
    metadata,
    text("act_id", key=True),
    text("stop_key"),
    text("equipment_id"),
    us("stop_from_us"),
    us("stop_to_us"),
    whole("number"),  # 1, 2, ... of its stop
    text("kind"),  # name, split, merge, revert
    text("reason"),
    text("earlier"),  # the reason that the part had, or what the MES said
    text("note"),
    text("before"),  # JSON: [[from, to, reason], ...]
    text("after"),
    text("proposal"),  # the rules' proposal then, also where it was not shown
    flag("hidden"),  # the proposal was kept from the person
    whole("entry_ms"),  # from opening the stop to saving
    text("account_id"),
    us("plant_us"),
    us("wall_us"),
    UniqueConstraint("stop_key", "number"),
)
Index("ix_stop_acts_equipment_id", stop_acts.c.equipment_id, stop_acts.c.stop_from_us)
Index("ix_stop_acts_plant_us", stop_acts.c.plant_us)
# Whether a stop's proposal is hidden: drawn when it is first looked at, kept with its time as it was.
stop_draws = Table(
    "stop_draws",
    metadata,
    text("equipment_id", key=True),
    us("from_us", key=True),
    us("to_us"),
    flag("hidden"),
)
# Versions of nodes of the tree; what is not here is as domain.reasons.DEFAULT says.
reason_nodes = Table(
    "reason_nodes",
    metadata,
    text("site_id", key=True),
    text("code", key=True),
    whole("version", key=True),
    text("name"),
    text("parent"),
    whole("position"),
    flag("active"),
    text("set_by"),
    us("set_wall_us"),
)
# The end that a planned stop had until a moment (plant time), of each that was replaced; null: none. What is
# planned of it was told before the plan of a shift froze.
stop_ends = Table(
    "stop_ends",
    metadata,
    text("instance", key=True),
    text("downtime_id", key=True),
    us("until_us", key=True),
    us("end_us", null=True),
    sqlite_with_rowid=False,
)
