"""Cases, their commands, signatures, receipts, outcomes, the outbox and the audit."""

from sqlalchemy import Column, Index, Table, Text, UniqueConstraint

from data.store.tables.base import flag, metadata, serial, text, us, whole

cases = Table(
    "cases",
    metadata,
    text("case_id", key=True),
    whole("number"),  # the short number that people see
    text("site_id"),
    text("equipment_id"),
    text("kind"),  # failure_risk, raised
    text("cause"),
    text("state"),
    whole("version"),
    flag("attention"),  # receivers disagree
    # "<equipment_id>|<cause>" while open, NULL afterwards: one open case per machine and cause.
    Column("open_key", Text, nullable=True, unique=True),
    text("title"),
    us("opened_us"),
    us("opened_wall_us"),
    us("deadline_us"),
    text("default_action"),
    text("permission"),
    text("proposed_by"),  # a model's name and version, or an account id
    text("prediction_id", null=True),
    us("evidence_us"),  # plant time of the newest data behind the advice
    text("evidence"),  # JSON: words, counter-evidence, similar cases
    text("evidence_hash"),
    text("alternatives"),  # JSON: ranked, each with expected cost and interval, in cents
    text("advised"),  # key of the advised alternative
    whole("cost_cents"),
    whole("benefit_cents"),
    whole("benefit_low_cents"),
    whole("benefit_high_cents"),
    text("decided_by", null=True),
    us("decided_us", null=True),
    us("decided_wall_us", null=True),
    text("reason"),
    us("closed_us", null=True),
    UniqueConstraint("number"),
)
# What else was said about an open case, by source: repeats change the words, and open nothing.
case_signals = Table(
    "case_signals",
    metadata,
    text("case_id", key=True),
    text("kind", key=True),  # prediction, anomaly, chart, alarm, shortage, outlook, pictures, person
    text("source_id", key=True),
    text("said_by"),
    us("at_us"),
    text("words"),
    us("told_wall_us"),
)
commands = Table(
    "commands",
    metadata,
    text("command_id", key=True),
    text("case_id"),
    whole("position"),
    text("queue"),
    text("kind"),
    text("state"),
    text("business_key"),
    text("payload"),  # JSON of the work
    text("depends_on", null=True),
    text("cancels", null=True),
    text("detail"),
    us("changed_wall_us"),
)
outbox = Table(
    "outbox",
    metadata,
    text("message_id", key=True),
    text("queue"),
    text("body"),
    text("state"),  # pending, leased, sent, dropped, failed
    text("lease_token", null=True),
    us("lease_until_wall_us", null=True),
    whole("attempts"),
    us("next_try_wall_us"),
    us("created_wall_us"),
    us("sent_wall_us", null=True),
    text("last_error"),
)
receipts = Table(
    "receipts",
    metadata,
    text("receipt_id", key=True),
    text("sender"),
    text("command_id"),
    text("business_key"),
    text("status"),
    text("detail"),
    text("finding", null=True),
    text("found_cause"),
    us("at_us"),
    us("received_wall_us"),
)
signatures = Table(
    "signatures",
    metadata,
    text("signature_id", key=True),
    text("case_id"),
    text("account_id"),
    text("printed_name"),
    text("meaning"),
    us("signed_wall_us"),
    text("record_hash"),
)
# A click carries an id; the same id again returns the first result and changes nothing.
acts = Table(
    "acts",
    metadata,
    text("act_id", key=True),
    text("account_id"),
    text("kind"),
    text("result"),
    us("done_wall_us"),
)
outcomes = Table(
    "outcomes",
    metadata,
    text("case_id", key=True),
    text("finding"),
    text("cause"),
    text("reported_by"),
    us("at_us"),
    us("reported_wall_us"),
)
# What people are typing. `uses` counts how often a text under this subject was used up by an act: words
# that were typed for an earlier use and arrive late are told by it.
drafts = Table(
    "drafts",
    metadata,
    text("account_id", key=True),
    text("subject", key=True),
    text("content"),
    us("saved_wall_us"),
    whole("uses", default="0"),
)
# Each entry is bound to the one before by its hash.
audit = Table(
    "audit",
    metadata,
    serial("entry"),
    us("wall_us"),
    us("plant_us"),
    text("actor"),
    text("action"),
    text("subject_kind"),
    text("subject_id"),
    text("detail"),  # JSON
    text("previous_hash"),
    text("hash"),
    UniqueConstraint("previous_hash"),
)
Index("ix_cases_state", cases.c.state, cases.c.deadline_us)
Index("ix_cases_equipment_id", cases.c.equipment_id, cases.c.opened_us)
Index("ix_commands_case_id", commands.c.case_id)
Index("ix_outbox_state", outbox.c.state, outbox.c.next_try_wall_us)
Index("ix_receipts_command_id", receipts.c.command_id)
Index("ix_audit_subject_id", audit.c.subject_kind, audit.c.subject_id)
