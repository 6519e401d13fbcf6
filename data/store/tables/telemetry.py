"""What machines said: metrics, readings, states, counts, gaps, and what could not be read."""

from sqlalchemy import DDL, Column, Index, LargeBinary, Table, UniqueConstraint, event

from data.store.tables.base import flag, metadata, number, serial, text, us, whole

metrics = Table(
    "metrics",
    metadata,
    serial("metric_id"),
    text("equipment_id"),
    text("name"),
    text("unit"),
    text("kind"),
    # How an edge gateway sends it; null where no birth said so. Where a deadband stands, a value is sent
    # when it has changed by more than that, and silence means unchanged while the source lives.
    number("deadband", null=True),
    number("sampling_ms", null=True),
    number("aggregate_s", null=True),
    number("edge_limit", null=True),  # of an alert that a gateway judges (domain.edge.alert_metric)
    UniqueConstraint("equipment_id", "name"),
)
# The natural key makes ingest idempotent: the same value sent twice is stored once. PostgreSQL keeps a table
# for each day (data.store.partitions), and one for days that have none.
readings = Table(
    "readings",
    metadata,
    whole("metric_id", key=True),
    us("source_us", key=True),
    number("value"),
    whole("quality"),
    us("receive_us"),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (source_us)",
)
_DAYS = DDL("CREATE TABLE readings_default PARTITION OF readings DEFAULT")  # type: ignore[no-untyped-call]
event.listen(
    readings,
    "after_create",
    _DAYS.execute_if(dialect="postgresql"),
)
latest = Table(
    "latest",
    metadata,
    whole("metric_id", key=True),
    us("source_us"),
    number("value"),
    whole("quality"),
    us("receive_us"),
)
states = Table(
    "states",
    metadata,
    text("equipment_id", key=True),
    us("source_us", key=True),
    whole("state"),
    whole("mode"),
    us("receive_us"),
    sqlite_with_rowid=False,
)
# Parts and energy per 5 minutes of plant time, recomputed from readings whenever one arrives.
counts = Table(
    "counts",
    metadata,
    text("equipment_id", key=True),
    us("bucket_us", key=True),
    number("good"),
    number("scrap"),
    number("energy_kwh"),
    number("resets", default="0"),  # how often a counter fell: it was reset, and counts from zero
    number("refused", default="0"),  # readings of counters below zero: left out
    number("fell", default="0"),  # how often a counter read a little less than before: counts nothing
    whole("metered", default="1"),  # 1 where the energy meter was read in it, else 0
    # Since when its parts, or its energy, were not read: they came at once after a gap (services.rollups).
    us("parts_since_us", null=True),
    us("energy_since_us", null=True),
    sqlite_with_rowid=False,
)
# What the last look at a metric found (domain.signal_quality.Look).
signal_quality = Table(
    "signal_quality",
    metadata,
    text("equipment_id", key=True),
    text("metric", key=True),
    us("from_us"),
    us("to_us"),
    us("running_us"),
    whole("readings"),
    whole("out_of_range"),
    us("silent_us"),
    us("flat_us"),
    us("late_us"),
    number("noise"),
    number("usual_noise"),
)
edge_nodes = Table(
    "edge_nodes",
    metadata,
    text("node", key=True),  # group/node
    flag("online"),
    whole("bd_seq", null=True),
    us("born_us", null=True),
    us("seen_us"),
    whole("rebirths"),
    text("broker", default=""),  # over which it was born last, empty for the first broker
    us("offline_us", null=True),  # since when it is dead: our own clock, by the standard
)
# What the Sparkplug host must remember of a device through a restart: up to when its data is
# complete, and the gap that a resent history may still shrink.
edge_devices = Table(
    "edge_devices",
    metadata,
    text("external_id", key=True),  # group/node/device
    flag("online"),
    us("offline_us", null=True),  # since when it is dead: its own time at a DDEATH, ours at an NDEATH
    us("complete_us", null=True),
    us("gap_from_us", null=True),
    us("gap_to_us", null=True),
    text("gap_cause"),
)
# Messages without a time are known again by sequence and content, for as long as they are redelivered.
seen_messages = Table(
    "seen_messages",
    metadata,
    text("topic", key=True),
    text("digest", key=True),
    us("receive_wall_us"),
)
gaps = Table(
    "gaps",
    metadata,
    serial("gap_id"),
    text("source"),
    text("external_id"),
    us("from_us"),
    us("to_us"),
    whole("missing"),
    text("cause"),
    us("receive_us"),
    UniqueConstraint("source", "external_id", "from_us", "to_us", "cause"),
)
quarantine = Table(
    "quarantine",
    metadata,
    serial("quarantine_id"),
    us("receive_us"),
    text("source"),
    text("topic"),
    text("reason"),
    text("detail"),
    text("digest"),
    whole("size"),
    Column("payload", LargeBinary, nullable=False),
    UniqueConstraint("source", "topic", "digest", "reason"),
    whole("times"),
    us("asked_wall_us", null=True),  # somebody wants it to be read again
    us("tried_wall_us", null=True),  # it was read again, in vain
    text("record", default=""),  # the key of a row of a database
)
# Filters that an MQTT session of ours may hold at its broker, which keeps them while we are away.
session_filters = Table(
    "session_filters",
    metadata,
    text("client_id", key=True),
    text("broker", key=True),
    text("filter", key=True),
)
# What ingest took in, by minute of wall time, for a day.
flow = Table(
    "flow",
    metadata,
    us("minute_wall_us", key=True),
    text("source", key=True),
    whole("received"),  # messages
    whole("stored"),  # values
    whole("quarantined"),  # messages
    us("lag_us"),  # the longest from receipt to commit
    whole("backlog"),  # the most that waited in memory when it was looked at
)
ingest_counters = Table(
    "ingest_counters",
    metadata,
    text("source", key=True),
    text("counter", key=True),  # received, stored, repeated, quarantined, gaps, rebirths
    whole("value"),
)
Index("ix_quarantine_receive_us", quarantine.c.receive_us)
Index("ix_gaps_external_id", gaps.c.external_id, gaps.c.from_us)
