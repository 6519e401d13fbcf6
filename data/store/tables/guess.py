"""What models of reasons say of stops."""

from sqlalchemy import Index, Table

from data.store.tables.base import flag, metadata, number, text, us

# The newest word of a version on a stop, champion's and challengers' alike; old ones go.
stop_guesses = Table(
    "stop_guesses",
    metadata,
    text("equipment_id", key=True),
    us("from_us", key=True),  # when the stop began
    text("model_name", key=True),
    text("model_version", key=True),
    us("at_us"),  # plant time, what was known by then
    us("made_wall_us"),
    text("feature_version"),
    text("window_hash"),
    text("reason"),
    number("chance"),
    flag("sure"),  # the chance reaches the limit on the card
    text("parts"),  # JSON [[signal, points of 1], ...], the largest first; [] where it is not sure
)
Index("ix_stop_guesses_from_us", stop_guesses.c.from_us)
