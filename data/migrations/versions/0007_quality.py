"""quality."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "pattern_models",
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("samples", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("frozen_by", sa.Text(), nullable=False),
        sa.Column("frozen_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("frozen_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("equipment_id", "version", name=op.f("pk_pattern_models")),
    )
    op.create_table(
        "pattern_points",
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("t2", sa.Float(), nullable=False),
        sa.Column("spe", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("equipment_id", "at_us", name=op.f("pk_pattern_points")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "spc_breaks",
        sa.Column("chart_id", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("above", sa.Boolean(), nullable=False),
        sa.Column("limits_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("chart_id", "series", "rule", "at_us", name=op.f("pk_spc_breaks")),
    )
    with op.batch_alter_table("spc_breaks", schema=None) as batch_op:
        batch_op.create_index("ix_spc_breaks_at_us", ["at_us"], unique=False)
        batch_op.create_index("ix_spc_breaks_equipment_id", ["equipment_id", "at_us"], unique=False)

    op.create_table(
        "spc_charts",
        sa.Column("chart_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("subgroup_size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("every_s", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("spread", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("weights", sa.Text(), nullable=False),
        sa.Column("tolerance_low", sa.Float(), nullable=True),
        sa.Column("tolerance_high", sa.Float(), nullable=True),
        sa.Column("opens_case", sa.Boolean(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("changed_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chart_id", "version", name=op.f("pk_spc_charts")),
    )
    with op.batch_alter_table("spc_charts", schema=None) as batch_op:
        batch_op.create_index("ix_spc_charts_equipment_id", ["equipment_id"], unique=False)

    op.create_table(
        "spc_limits",
        sa.Column("chart_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("sigma", sa.Float(), nullable=False),
        sa.Column("between", sa.Float(), nullable=False),
        sa.Column("samples", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("resemblance", sa.Float(), nullable=False),
        sa.Column("excluded", sa.Text(), nullable=False),
        sa.Column("frozen_by", sa.Text(), nullable=False),
        sa.Column("frozen_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("frozen_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chart_id", "version", name=op.f("pk_spc_limits")),
    )
    op.create_table(
        "spc_samples",
        sa.Column("chart_id", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("count", sa.Float(), nullable=False),
        sa.Column("size", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("chart_id", "at_us", name=op.f("pk_spc_samples")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("spc_samples")
    op.drop_table("spc_limits")
    with op.batch_alter_table("spc_charts", schema=None) as batch_op:
        batch_op.drop_index("ix_spc_charts_equipment_id")

    op.drop_table("spc_charts")
    with op.batch_alter_table("spc_breaks", schema=None) as batch_op:
        batch_op.drop_index("ix_spc_breaks_equipment_id")
        batch_op.drop_index("ix_spc_breaks_at_us")

    op.drop_table("spc_breaks")
    op.drop_table("pattern_points")
    op.drop_table("pattern_models")
