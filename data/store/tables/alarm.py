"""Alarms after ISA-18.2: operator positions, definitions in versions, states, and the journal."""

from sqlalchemy import Boolean, Column, Index, LargeBinary, Table, UniqueConstraint, false

from data.store.tables.base import flag, metadata, number, serial, text, us, whole

operator_positions = Table(
    "operator_positions",
    metadata,
    text("position_id", key=True),
    text("name"),
    text("equipment_id"),  # a line, an area or a site: the nearest above a machine counts
)
# Append-only: the newest version counts.
alarm_definitions = Table(
    "alarm_definitions",
    metadata,
    text("alarm_id", key=True),
    whole("version", key=True),
    text("equipment_id"),
    text("position_id"),
    text("name"),
    text("metric"),
    flag("high"),
    number("limit_value"),
    number("deadband"),
    whole("on_delay_s"),
    whole("off_delay_s"),
    text("priority"),  # domain.alarms.life.Priority
    text("suppress_when"),  # "", not_running
    text("consequence"),  # what happens when nobody answers
    text("response"),  # what the operator does
    flag("active"),
    text("changed_by"),
    us("changed_us"),
    us("changed_wall_us"),
    text("reason"),
)
alarm_states = Table(
    "alarm_states",
    metadata,
    text("alarm_id", key=True),
    whole("version"),
    flag("condition"),
    flag("acked"),
    us("shelved_until_us", null=True),
    flag("suppressed"),
    flag("out_of_service"),
    us("since_us"),  # of the condition or the last change of state other than its being acknowledged
    us("pending_us", null=True),  # since when the value is on its way over (back from) the limit
    us("upto_us"),  # source time of the last value that was judged
    us("judged_us", null=True),  # up to when it was judged by time alone; null: not further than upto_us
    Column(
        "stale", Boolean, nullable=False, server_default=false()
    ),  # nothing is known of the value now: no delay runs
    number("value", null=True),
    text("note"),
    text("note_by"),
)
alarm_events = Table(
    "alarm_events",
    metadata,
    serial("event_id"),
    text("alarm_id"),
    text("equipment_id"),
    text("position_id"),
    text("priority"),
    text("event"),  # domain.alarms.life.Event
    flag("asks"),  # from here on it asks for an operator
    us("at_us"),
    us("wall_us"),
    number("value", null=True),
    text("actor"),
    text("note"),
    us("until_us", null=True),
    # A gateway's alert that was kept there and came long after its own time.
    Column("historical", Boolean, nullable=False, server_default=false()),
)
# The journal rolled up for the figures (services.alarms.rollup), up to the event in `alarm_rolled`. A UTC
# day of a position: its annunciations, packed; they name what asked by the number in `alarm_keys`.
alarm_keys = Table(
    "alarm_keys",
    metadata,
    serial("key_id"),
    text("alarm_id"),
    text("equipment_id"),
    text("priority"),
    UniqueConstraint("alarm_id", "equipment_id", "priority"),
)
alarm_days = Table(
    "alarm_days",
    metadata,
    text("position_id", key=True),
    us("day_us", key=True),
    Column("packed", LargeBinary, nullable=False),
)
# From when to when alarms were there: those that still are, and of the others those that were for long.
alarm_stays = Table(
    "alarm_stays",
    metadata,
    text("alarm_id", key=True),
    us("came_us", key=True),
    us("gone_us", null=True),
    text("position_id"),
    text("equipment_id"),
)
alarm_rolled = Table("alarm_rolled", metadata, whole("one", key=True), whole("event_id"))
Index("ix_alarm_stays_gone_us", alarm_stays.c.gone_us)
Index("ix_alarm_events_position_id", alarm_events.c.position_id, alarm_events.c.at_us)
Index("ix_alarm_events_alarm_id", alarm_events.c.alarm_id, alarm_events.c.at_us)
Index(  # the journal's lines are counted from it alone
    "ix_alarm_events_at_us",
    alarm_events.c.at_us,
    alarm_events.c.event,
    alarm_events.c.asks,
    alarm_events.c.position_id,
    alarm_events.c.equipment_id,
)
Index("ix_alarm_definitions_equipment_id", alarm_definitions.c.equipment_id)
