"""What the last look at each signal found."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "signal_quality",
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("running_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("readings", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("out_of_range", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("silent_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("flat_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("late_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("noise", sa.Float(), nullable=False),
        sa.Column("usual_noise", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("equipment_id", "metric", name=op.f("pk_signal_quality")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("signal_quality")
