"""Control charts: definitions and limits in versions, samples, broken rules, and many variables at once."""

from sqlalchemy import Column, Index, LargeBinary, Table

from data.store.tables.base import flag, metadata, number, text, us, whole

# Append-only: the newest version of a chart counts.
spc_charts = Table(
    "spc_charts",
    metadata,
    text("chart_id", key=True),
    whole("version", key=True),
    text("equipment_id"),
    text("title"),
    text("kind"),  # domain.spc.model.Kind
    text("source"),  # metric, quality
    text("metric"),  # empty for quality results
    text("product_id"),  # empty: whatever is made
    whole("subgroup_size"),
    whole("every_s"),
    text("spread"),  # within, between
    text("rules"),  # comma-separated domain.spc.rules.Rule
    text("weights"),  # JSON of domain.spc.model.Weights
    number("tolerance_low", null=True),
    number("tolerance_high", null=True),
    flag("opens_case"),
    text("cause"),
    flag("active"),
    text("changed_by"),
    us("changed_us"),
    us("changed_wall_us"),
    text("reason"),
)
# Append-only: limits are frozen by a person, who says why.
spc_limits = Table(
    "spc_limits",
    metadata,
    text("chart_id", key=True),
    whole("version", key=True),
    us("from_us"),
    us("to_us"),
    number("level"),
    number("sigma"),
    number("between"),
    whole("samples"),
    number("resemblance"),  # lag-1 autocorrelation of the samples in phase I
    text("excluded"),  # JSON: times of samples left out
    text("frozen_by"),
    us("frozen_us"),
    us("frozen_wall_us"),
    text("reason"),
)
# From when on a chart's samples are to be taken anew, because facts came late; gone once they are.
spc_late = Table("spc_late", metadata, text("chart_id", key=True), us("from_us"))
spc_samples = Table(
    "spc_samples",
    metadata,
    text("chart_id", key=True),
    us("at_us", key=True),  # end of the stretch that the sample stands for
    text("content"),  # JSON list of values; [] for counted samples
    number("count"),
    number("size"),
    sqlite_with_rowid=False,
)
# The values of the samples by UTC day of their end: what capability and sums over a whole history are read
# from. Written with the samples.
spc_days = Table(
    "spc_days",
    metadata,
    text("chart_id", key=True),
    us("day_us", key=True),
    Column("placed", LargeBinary, nullable=False),  # data.store.spc_days.PLACED
    Column("content", LargeBinary, nullable=False),  # data.store.spc_days.VALUE
    sqlite_with_rowid=False,
)
spc_breaks = Table(
    "spc_breaks",
    metadata,
    text("chart_id", key=True),
    text("series", key=True),
    text("rule", key=True),
    us("at_us", key=True),
    text("equipment_id"),
    number("value"),
    flag("above"),  # over the centre line
    whole("limits_version"),
    us("found_wall_us"),
    text("case_id", null=True),
)
# Append-only: a machine's usual pattern of several sensors (principal components), frozen like limits.
pattern_models = Table(
    "pattern_models",
    metadata,
    text("equipment_id", key=True),
    whole("version", key=True),
    us("from_us"),
    us("to_us"),
    text("content"),  # JSON: metrics, centre, scale, loadings, variances, limits
    whole("samples"),
    text("frozen_by"),
    us("frozen_us"),
    us("frozen_wall_us"),
    text("reason"),
)
# Append-only: whether hours beyond a limit open a case, and which cause they point to.
pattern_rules = Table(
    "pattern_rules",
    metadata,
    text("equipment_id", key=True),
    whole("version", key=True),
    flag("opens_case"),
    text("cause"),
    text("changed_by"),
    us("changed_us"),
    us("changed_wall_us"),
    text("reason"),
)
pattern_points = Table(
    "pattern_points",
    metadata,
    text("equipment_id", key=True),
    us("at_us", key=True),
    whole("version"),
    text("content"),  # JSON list: hourly means in the order of the model's metrics
    number("t2"),
    number("spe"),
    sqlite_with_rowid=False,
)
Index("ix_spc_charts_equipment_id", spc_charts.c.equipment_id)
Index("ix_spc_breaks_at_us", spc_breaks.c.at_us)
Index("ix_spc_breaks_equipment_id", spc_breaks.c.equipment_id, spc_breaks.c.at_us)
