"""Within which limits a setting of a process may be moved: validated, for a product at a place."""

from sqlalchemy import Table

from data.store.tables.base import flag, metadata, number, text, us, whole

# Append-only: the newest version counts. A machine's own limits go before those of its line.
parameter_limits = Table(
    "parameter_limits",
    metadata,
    text("scope", key=True),  # a line, or a machine
    text("product_id", key=True),
    text("parameter", key=True),
    whole("version", key=True),
    number("low"),
    number("high"),
    text("unit"),
    text("validated_by"),  # the record that validated them: the number of a trial or of a report
    flag("active"),
    text("set_by"),
    us("set_us"),
    us("set_wall_us"),
    text("reason"),
)
# What a model of scrap says of a product on a machine: the newest word, also that it advises nothing and why.
process_advice = Table(
    "process_advice",
    metadata,
    text("equipment_id", key=True),
    text("product_id", key=True),
    text("model_name"),
    text("model_version"),
    text("feature_version"),
    text("window_hash"),  # of the operations behind it
    us("at_us"),  # when the newest of them ended
    us("made_wall_us"),
    whole("operations"),  # of late, behind it
    text("parameter"),  # empty: nothing is advised
    text("why_not"),
    text("unit"),
    number("from_value", null=True),
    number("to_value", null=True),
    number("share", null=True),  # of bad parts, expected as it is
    number("change", null=True),  # of the share, with its 90 % interval
    number("change_low", null=True),
    number("change_high", null=True),
    whole("taught"),  # operations of the product in training
    number("came", null=True),  # the share that came of those of late
)
# What came of a moved set point: bad parts of the operations before it and after it.
set_point_outcomes = Table(
    "set_point_outcomes",
    metadata,
    text("case_id", key=True),
    us("judged_us"),
    us("judged_wall_us"),
    text("verdict"),  # fewer, more, unclear, unknown
    number("to_value"),  # as it was approved
    whole("before_operations"),
    number("before_parts"),
    number("before_bad"),
    whole("after_operations"),
    number("after_parts"),
    number("after_bad"),
    number("change", null=True),  # of the share, with its 90 % interval; empty where nothing may be said
    number("change_low", null=True),
    number("change_high", null=True),
)
