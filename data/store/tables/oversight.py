"""Oversight of the AI: stops and drills, and the plain limits that watch meanwhile."""

from sqlalchemy import Column, Index, LargeBinary, Table, Text, UniqueConstraint

from data.store.tables.base import flag, metadata, number, serial, text, us, whole

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
# What the technician adds to an outcome; the outcome itself stays in `outcomes`.
outcome_details = Table(
    "outcome_details",
    metadata,
    text("case_id", key=True),
    text("grade"),  # of wear: slight, clear, severe; '' for other findings
    text("photo_sha256"),
)
photos = Table(
    "photos",
    metadata,
    text("sha256", key=True),
    text("case_id"),
    text("taken_by"),
    us("taken_wall_us"),
    Column("data", LargeBinary, nullable=False),  # JPEG, re-encoded: nothing but the picture
)
# "Looks right" and "looks wrong": what somebody thinks. Never counted as truth.
verdict_views = Table(
    "verdict_views",
    metadata,
    text("case_id", key=True),
    text("account_id", key=True),
    flag("looks_right"),
    us("said_wall_us"),
)
# Append-only. The newest `realised` of a case counts, and the newest of confirmed and corrected.
value_entries = Table(
    "value_entries",
    metadata,
    serial("entry_id"),
    text("case_id"),
    text("kind"),  # promised, realised, confirmed, corrected
    whole("amount_cents"),
    text("basis"),  # JSON: the inputs of the formula, or the reason of a person
    text("entered_by"),  # an account id, or system
    us("at_us"),
    us("entered_wall_us"),
)
Index("ix_value_entries_case_id", value_entries.c.case_id, value_entries.c.entry_id)
# Models that run in shadow at a site: they advise nobody, what they would have said is written down.
shadow_models = Table(
    "shadow_models",
    metadata,
    text("site_id", key=True),
    text("model_name", key=True),
    us("since_us"),
    text("set_by"),
    text("reason"),
)
shadow_advice = Table(
    "shadow_advice",
    metadata,
    text("advice_id", key=True),
    text("site_id"),
    text("equipment_id"),
    text("model_name"),
    text("prediction_id"),
    text("cause"),
    text("title"),
    text("choice"),
    number("probability"),
    whole("cost_cents"),
    whole("benefit_cents"),
    whole("horizon_s"),
    us("opened_us"),
    us("seen_us"),
    us("ended_us", null=True),
)
Index("ix_shadow_advice_site_id", shadow_advice.c.site_id, shadow_advice.c.opened_us)
Index("ix_shadow_advice_equipment_id", shadow_advice.c.equipment_id, shadow_advice.c.ended_us)
# "Why did we not see it?": one for every unplanned failure. The facts stay as they were when it was opened.
failure_reviews = Table(
    "failure_reviews",
    metadata,
    text("review_id", key=True),
    text("site_id"),
    text("equipment_id"),
    us("failed_us"),
    text("cause"),
    us("opened_us"),
    us("opened_wall_us"),
    whole("scored"),
    number("highest", null=True),
    number("threshold"),
    text("prediction_id"),  # of the highest risk; '' without a score
    text("case_id"),  # the advice that was open or decided; '' without any
    text("proposed"),  # domain.failure_review.Verdict
    text("why"),
    text("verdict"),  # '' until a person has settled it
    text("next_step"),
    text("words"),
    text("settled_by", null=True),
    us("settled_us", null=True),
    us("settled_wall_us", null=True),
    whole("version"),
    UniqueConstraint("equipment_id", "failed_us"),
)
Index("ix_failure_reviews_site_id", failure_reviews.c.site_id, failure_reviews.c.failed_us)
