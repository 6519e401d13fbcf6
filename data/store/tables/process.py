"""Within which limits a setting of a process may be moved: validated, for a product at a place."""

from sqlalchemy import Table

from data.store.tables.base import flag, metadata, number, text, us, whole

# Append-only: the newest version counts. A machine's own limits go before those of its line.
parameter_limits = Table(
    "parameter_limits",
    metadata,
    text("scope", key=True),  # a line, or a machine
    text("product_id", key=True),
    text("parameter", key=True),
    whole("version", key=True),
    number("low"),
    number("high"),
    text("unit"),
    text("validated_by"),  # the record that validated them: the number of a trial or of a report
    flag("active"),
    text("set_by"),
    us("set_us"),
    us("set_wall_us"),
    text("reason"),
)
