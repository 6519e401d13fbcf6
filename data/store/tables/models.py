"""The registry of models beside `model_versions`: what happened to each version, and its gates."""

from sqlalchemy import Index, Table

from data.store.tables.base import metadata, number, serial, text, us

# Append-only: registered, admitted, promoted, retired, dismissed, rolled back, with who signed.
model_events = Table(
    "model_events",
    metadata,
    serial("event_id"),
    text("model_name"),
    text("model_version"),
    text("kind"),
    text("other_version"),  # the champion it was admitted against, replaced, or was replaced by; ""
    text("account_id"),  # "" where the command line or the desk itself did it
    text("printed_name"),
    text("meaning"),
    text("record_hash"),
    text("reason"),
    us("at_wall_us"),
)
# The newest judgement of each gate of a challenger, beside the champion it was compared with.
model_gates = Table(
    "model_gates",
    metadata,
    text("model_name", key=True),
    text("model_version", key=True),
    text("gate", key=True),
    text("champion_version"),
    text("state"),  # passed, failed, open
    text("words"),
    number("ours", null=True),
    number("theirs", null=True),
    us("checked_wall_us"),
)
Index("ix_model_events_model_name", model_events.c.model_name, model_events.c.at_wall_us)
