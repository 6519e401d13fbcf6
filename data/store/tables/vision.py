"""Pictures of parts, and what was said of them by a model and by people."""

from sqlalchemy import Column, Index, LargeBinary, Table, UniqueConstraint

from data.store.tables.base import flag, metadata, number, text, us

# A picture as it came, once however often it came. Old ones go; what was said of them stays.
part_pictures = Table(
    "part_pictures",
    metadata,
    text("sha256", key=True),
    Column("data", LargeBinary, nullable=False),
    us("stored_wall_us"),
)
# One look at one part: waiting, judged, unjudged (the AI was stopped, or came too late) or refused.
inspections = Table(
    "inspections",
    metadata,
    text("inspection_id", key=True),
    text("site_id"),
    text("equipment_id"),
    text("sha256"),
    text("source"),  # folder, mqtt, http
    text("source_name"),  # the file, the topic, the sender
    us("taken_us"),  # plant time
    us("received_wall_us"),
    text("state"),
    text("reason"),  # why it was refused or not judged
    text("model_name"),
    text("model_version"),
    text("label"),  # the likeliest; "" unless judged
    number("confidence", null=True),
    number("strangeness", null=True),
    flag("unknown"),
    flag("for_person"),  # a defect, unknown, unsure, or not judged
    text("content"),  # JSON: probabilities by label, and the regions of the label
    text("said_label"),  # what a person says it is; "" until then
    text("said_by"),
    us("said_us", null=True),
    us("said_wall_us", null=True),
    text("said_words"),
    UniqueConstraint("equipment_id", "sha256"),
)
# What a challenger says of the same pictures: stored, compared at its gates, shown to nobody else.
shadow_inspections = Table(
    "shadow_inspections",
    metadata,
    text("inspection_id", key=True),
    text("model_name", key=True),
    text("model_version", key=True),
    text("label"),
    number("confidence"),
    number("strangeness"),
    flag("unknown"),
    flag("for_person"),
    us("judged_wall_us"),
)
Index("ix_inspections_site_id", inspections.c.site_id, inspections.c.taken_us)
Index("ix_inspections_state", inspections.c.state, inspections.c.received_wall_us)
Index("ix_inspections_equipment_id", inspections.c.equipment_id, inspections.c.taken_us)
