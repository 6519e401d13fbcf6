"""The registry of models beside `model_versions`: what happened, the gates, and the watch over them."""

from sqlalchemy import Index, Table, UniqueConstraint

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
# What a person says has changed at a machine, so that its usual values are learned anew.
baseline_marks = Table(
    "baseline_marks",
    metadata,
    text("mark_id", key=True),
    text("equipment_id"),
    us("at_us"),
    text("kind"),  # sensor, tool, other
    text("words"),
    text("said_by"),
    us("said_wall_us"),
)
Index("ix_baseline_marks_equipment_id", baseline_marks.c.equipment_id, baseline_marks.c.at_us)
# The newest look at a model at work at a site: drift, calibration, hits and misses, as JSON.
model_watch = Table(
    "model_watch",
    metadata,
    text("site_id", key=True),
    text("model_name", key=True),
    text("model_version"),
    us("made_us"),
    us("made_wall_us"),
    text("document"),
)
# "This model should be trained anew": what the watch said, behind the case that people decide. Rows without
# a case are from before proposals were cases; those keep their own signature.
retrain_proposals = Table(
    "retrain_proposals",
    metadata,
    text("proposal_id", key=True),
    text("site_id"),
    text("model_name"),
    text("model_version"),
    text("case_id", null=True),
    text("open_key", null=True),
    text("state"),  # case (it stands with its case); before: approved, rejected, done, replaced
    text("why"),  # JSON list of sentences
    us("opened_us"),
    us("opened_wall_us"),
    text("decided_by"),
    text("printed_name"),
    text("meaning"),
    text("record_hash"),
    text("reason"),
    us("decided_wall_us", null=True),
    text("new_version"),
    UniqueConstraint("open_key"),
)
