"""What is unusual about machines, as the models of the unusual say it."""

from sqlalchemy import Column, Index, LargeBinary, Table

from data.store.tables.base import metadata, number, text, us

# One half hour of one machine by one version, champion's and challengers' alike; old ones go.
oddity_scores = Table(
    "oddity_scores",
    metadata,
    text("equipment_id", key=True),
    text("model_name", key=True),
    text("model_version", key=True),
    us("at_us", key=True),  # plant time, the end of the half hour
    us("made_wall_us"),
    text("feature_version"),
    text("window_hash"),
    number("score", null=True),  # null: it could not be judged, and `reason` says why
    number("threshold", null=True),
    text("reason"),
    us("since_us", null=True),  # odd since; null while it is not
    Column("parts", LargeBinary, nullable=True),  # float32, the signals' parts of the score
)
# Where each machine stands with each version: what the next half hour goes on from, and what people read.
oddity_states = Table(
    "oddity_states",
    metadata,
    text("equipment_id", key=True),
    text("model_name", key=True),
    text("model_version", key=True),
    us("at_us"),
    number("score", null=True),
    number("threshold", null=True),
    text("reason"),
    us("since_us", null=True),
    text("signals"),  # JSON [[signal, odd since, part by its limit], ...], the oddest first
    text("course"),  # JSON: the counts behind "since", of the machine and of each signal
)
Index("ix_oddity_scores_at_us", oddity_scores.c.at_us)
