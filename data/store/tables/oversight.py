"""Oversight of the AI: stops and drills, and the plain limits that watch meanwhile."""

from sqlalchemy import Column, Index, Table, Text

from data.store.tables.base import flag, metadata, number, text, us, whole

# One row a stop or a drill, never deleted. `open_key` is "<site>|<model>|<kind>" until it ends.
ai_stops = Table(
    "ai_stops",
    metadata,
    text("stop_id", key=True),
    text("site_id"),
    text("model_name"),  # "" for every model
    flag("drill"),
    Column("open_key", Text, nullable=True, unique=True),
    text("reason"),
    text("stopped_by"),
    text("printed_name"),
    text("meaning"),
    text("record_hash"),
    us("stopped_us"),
    us("stopped_wall_us"),
    text("effect"),  # JSON: what was withdrawn and opened, or would have been
    text("resumed_by", null=True),
    text("resume_reason"),
    us("resumed_us", null=True),
    us("resumed_wall_us", null=True),
)
# Stated by the plant; a site without rows is watched by domain.rules.BUILT_IN.
rule_limits = Table(
    "rule_limits",
    metadata,
    text("site_id", key=True),
    text("machine_type", key=True),  # "" for every type
    text("metric", key=True),
    number("low", null=True),
    number("high", null=True),
    whole("held_s"),
    text("cause"),
)
Index("ix_ai_stops_site_id", ai_stops.c.site_id, ai_stops.c.stopped_wall_us)
