"""How people look after a case besides deciding it, and how a shift hands its cases over."""

from sqlalchemy import Index, Table, UniqueConstraint

from data.store.tables.base import metadata, text, us, whole

care = Table(
    "care",
    metadata,
    text("case_id", key=True),
    text("assigned_to", null=True),
    text("assigned_by"),
    us("assigned_us", null=True),
    us("snoozed_until_us", null=True),
    text("snoozed_by"),
    text("snooze_reason"),
    whole("snoozed_version", null=True),  # a case that has changed since is awake again
)
opinions = Table(
    "opinions",
    metadata,
    text("opinion_id", key=True),
    text("case_id"),
    text("asked_by"),
    text("asked_of"),
    text("question"),
    us("asked_us"),
    text("answer"),
    us("answered_us", null=True),
)
handovers = Table(
    "handovers",
    metadata,
    text("handover_id", key=True),
    text("equipment_id"),
    us("shift_end_us"),
    text("content"),  # JSON, as it was signed
    text("content_hash"),
    text("remarks"),
    text("outgoing"),
    us("signed_us"),
    text("incoming", null=True),
    us("accepted_us", null=True),
    UniqueConstraint("equipment_id", "shift_end_us"),
)
Index("ix_opinions_case_id", opinions.c.case_id)
Index("ix_opinions_asked_of", opinions.c.asked_of, opinions.c.answered_us)
