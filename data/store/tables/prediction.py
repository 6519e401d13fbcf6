"""Models, predictions, explanations, and the requests for them."""

from sqlalchemy import Boolean, Column, Index, LargeBinary, Table, UniqueConstraint, false

from data.store.tables.base import flag, metadata, number, text, us, whole

model_versions = Table(
    "model_versions",
    metadata,
    text("name", key=True),
    text("version", key=True),
    text("capability"),
    text("path"),
    text("sha256"),
    text("feature_version"),
    text("stage"),  # champion, shadow, retired
    text("card"),  # JSON
    us("registered_wall_us"),
    us("check_asked_wall_us", null=True),  # somebody waits for its gates to be judged anew
)
predictions = Table(
    "predictions",
    metadata,
    text("prediction_id", key=True),
    text("equipment_id"),
    us("at_us"),
    us("made_wall_us"),
    text("status"),
    text("reason"),
    text("model_name"),
    text("model_version"),
    text("feature_version"),
    text("window_hash"),
    us("window_from_us"),
    us("window_to_us"),
    whole("horizon_s"),
    text("life_unit"),
    number("probability", null=True),
    number("rul", null=True),
    number("rul_low", null=True),
    number("rul_high", null=True),
    flag("above_threshold"),
    text("curve", null=True),  # JSON [[operating hours or cycles, chance], ...]; null where none is stated
    # Made while its version ran in the shadow of the champion: no screen but the registry shows it.
    Column("shadow", Boolean(create_constraint=False), nullable=False, server_default=false()),
    UniqueConstraint("model_name", "model_version", "equipment_id", "at_us"),
)
# The model's input as it was (float32, little endian, shape in `shape`), so that it can be replayed.
windows = Table(
    "windows",
    metadata,
    text("prediction_id", key=True),
    text("shape"),
    Column("data", LargeBinary, nullable=False),
)
explanations = Table(
    "explanations",
    metadata,
    text("prediction_id", key=True),
    number("base_value"),
    number("output_value"),
    number("additivity_error"),
    text("background"),
    text("method"),
    us("made_wall_us"),
    # what the model said anew with this sensor as on healthy machines; null where nothing changed its mind
    text("changed_metric", null=True),
    number("changed_probability", null=True),
)
contributions = Table(
    "contributions",
    metadata,
    text("prediction_id", key=True),
    text("metric", key=True),
    whole("segment", key=True),
    us("from_us"),
    us("to_us"),
    number("value"),
    number("observed", null=True),
    number("usual", null=True),
)
explain_requests = Table(
    "explain_requests",
    metadata,
    text("prediction_id", key=True),
    text("requested_by"),
    us("requested_wall_us"),
    text("state"),  # waiting, done, failed
    text("detail"),
)
# Predictions that somebody had computed again from their window and model version.
recomputations = Table(
    "recomputations",
    metadata,
    text("prediction_id", key=True),
    text("requested_by"),
    us("requested_wall_us"),
    text("state"),  # waiting, same, other, failed
    text("detail"),  # where the window came from: stored or readings; why it failed
    number("probability", null=True),
    number("rul", null=True),
    number("rul_low", null=True),
    number("rul_high", null=True),
    number("difference", null=True),
    us("done_wall_us", null=True),
)
# Predictions that the recommender has not looked at yet; written in the transaction that made them.
to_consider = Table(
    "to_consider",
    metadata,
    text("prediction_id", key=True),
    us("at_us"),
    us("next_try_wall_us"),
    whole("attempts"),
    text("last_error"),
)
Index("ix_to_consider_next_try_wall_us", to_consider.c.next_try_wall_us)
Index("ix_explain_requests_state", explain_requests.c.state)
Index("ix_recomputations_state", recomputations.c.state)
Index("ix_predictions_equipment_id", predictions.c.equipment_id, predictions.c.at_us)
Index("ix_predictions_at_us", predictions.c.at_us)
# What the scorer has worked out of raw readings; see data.store.half_hours.
half_hours = Table(
    "half_hours",
    metadata,
    text("equipment_id", key=True),
    whole("bin", key=True),
    Column("mean", LargeBinary, nullable=False),
    number("seen"),
    sqlite_with_rowid=False,
)
