"""The policy and what hangs on it: consents, duty, delegations, emergencies, messages, second factors."""

from sqlalchemy import Column, Index, Table, Text, UniqueConstraint

from data.store.tables.base import flag, metadata, text, us, whole

policies = Table(
    "policies",
    metadata,
    text("policy_id", key=True),
    whole("version"),
    text("state"),  # proposed, active, retired, refused
    Column("active_key", Text, nullable=True, unique=True),  # 'active' on the one in force
    text("content"),  # YAML
    text("sha256"),
    text("why"),
    text("proposed_by"),
    us("proposed_wall_us"),
    text("decided_by", null=True),
    us("decided_wall_us", null=True),
    whole("base_version", default="1"),  # in force when this was proposed: what it changes
    UniqueConstraint("version"),
)
# Signatures that a case has so far. They count while `terms` is what is proposed: a renewed proposal
# has other terms, and needs them anew.
consents = Table(
    "consents",
    metadata,
    text("case_id", key=True),
    text("terms", key=True),
    text("part", key=True),  # decision, second, production, maintenance
    text("account_id"),
    text("holder_id"),  # on whose behalf; the person, or who has delegated
    whole("limit_cents"),
    text("record_hash"),
    us("at_us"),
    UniqueConstraint("case_id", "terms", "account_id"),
)
delegations = Table(
    "delegations",
    metadata,
    text("delegation_id", key=True),
    text("from_account"),
    text("to_account"),
    text("equipment_id"),
    us("from_us"),
    us("until_us"),
    text("reason"),
    us("created_wall_us"),
    us("ended_us", null=True),
)
# Who is on duty where: position 0 is on shift, 1 and on is the on-call chain.
duties = Table(
    "duties",
    metadata,
    text("duty_id", key=True),
    text("equipment_id"),
    text("account_id"),
    whole("position"),
    us("from_us"),
    us("until_us"),
    text("entered_by"),
)
ratifications = Table(
    "ratifications",
    metadata,
    text("case_id", key=True),
    text("acted_by"),
    text("reason"),
    us("acted_us"),
    us("due_us"),
    text("state"),  # waiting, ratified, refused
    text("decided_by", null=True),
    us("decided_us", null=True),
    text("words"),
)
# Messages to people: written with what they are about, sent by a worker, at least once each.
notices = Table(
    "notices",
    metadata,
    text("notice_id", key=True),
    text("case_id"),
    text("account_id"),  # '' on channels that a system reads
    text("kind"),  # escalation, ratification, person
    text("channel"),  # app, email, webhook, mqtt
    text("address"),
    text("subject"),
    text("body"),
    text("state"),  # pending, leased, sent, failed, dropped
    text("lease_token", null=True),
    us("lease_until_wall_us", null=True),
    whole("attempts"),
    us("next_try_wall_us"),
    us("created_wall_us"),
    us("created_us"),
    us("sent_wall_us", null=True),
    us("read_wall_us", null=True),
    text("last_error"),
)
contacts = Table(
    "contacts",
    metadata,
    text("account_id", key=True),
    text("email"),
    us("changed_wall_us"),
)
second_factors = Table(
    "second_factors",
    metadata,
    text("account_id", key=True),
    text("secret"),
    flag("confirmed"),
    whole("last_step"),  # a code counts once
    us("set_wall_us"),
)
Index("ix_delegations_to_account", delegations.c.to_account, delegations.c.until_us)
Index("ix_duties_equipment_id", duties.c.equipment_id, duties.c.until_us)
Index("ix_notices_state", notices.c.state, notices.c.next_try_wall_us)
Index("ix_notices_account_id", notices.c.account_id, notices.c.created_wall_us)
Index("ix_ratifications_state", ratifications.c.state, ratifications.c.due_us)
