"""Sites, clocks, equipment and the names that sources use for it."""

from sqlalchemy import Boolean, Column, Index, Table, UniqueConstraint, false

from data.store.tables.base import flag, metadata, number, serial, text, us, whole

sites = Table(
    "sites",
    metadata,
    text("site_id", key=True),
    text("name"),
    text("time_zone"),
    text("currency"),
    flag("shadow"),  # a replay: scored and advised, but its commands go to no queue
    # Its machines are simulated: only there may a model speak that has learned from a simulator alone.
    Column("virtual", Boolean(create_constraint=False), nullable=False, server_default=false()),
)
clocks = Table(
    "clocks",
    metadata,
    text("site_id", key=True),
    us("origin_plant_us"),
    us("origin_wall_us"),
    number("speed"),
)
equipment = Table(
    "equipment",
    metadata,
    text("equipment_id", key=True),
    text("level"),
    text("parent_id", null=True),
    text("name"),
    text("machine_type"),
    flag("assigned"),
    flag("constraint_unit"),  # the unit that sets the pace of its line
    whole("position"),
    number("target_oee", null=True),
    us("created_us"),
    us("removed_us", null=True),  # out of the plant since then: that of its absence without an end
)
# When machines were out of the plant: figures leave that time out, and flag what comes from them.
absences = Table(
    "absences",
    metadata,
    text("equipment_id", key=True),
    us("from_us", key=True),
    us("to_us", null=True),
    text("out_by"),
    us("out_wall_us"),
    text("out_reason"),
    text("back_by", null=True),
    us("back_wall_us", null=True),
    text("back_reason"),
)
equipment_aliases = Table(
    "equipment_aliases",
    metadata,
    text("source", key=True),
    text("external_id", key=True),
    text("equipment_id"),
)
parts_of_machines = Table(
    "parts_of_machines",
    metadata,
    text("machine_type", key=True),
    text("cause", key=True),
    text("part_id"),
    text("task"),
    text("skill"),
    whole("duration_s"),
    whole("inspect_s"),
)
# What a stop costs, stated per unit, line or site; the nearest row above a unit counts.
cost_rates = Table(
    "cost_rates",
    metadata,
    text("equipment_id", key=True),
    whole("downtime_cents_per_hour"),
    whole("labour_cents_per_hour"),
    number("unplanned_factor"),
    whole("call_out_s"),
    whole("collateral_cents"),
    whole("emergency_delivery_s"),
    number("alarm_catches"),
    whole("alarm_lead_s"),
    number("inspection_finds"),
    number("inspection_misleads"),
    number("slow_speed", null=True),  # share of the usual speed; NULL: the built-in one
    us("stated_us", null=True),  # plant time from which on they are known to hold
)
Index("ix_equipment_parent_id", equipment.c.parent_id)
ignored_inputs = Table(
    "ignored_inputs",
    metadata,
    serial("ignore_id"),
    text("equipment_id"),
    text("metric"),
    us("from_us"),
    us("until_us"),
    text("owner_id"),
    text("reason"),
    UniqueConstraint("equipment_id", "metric", "from_us"),
)
