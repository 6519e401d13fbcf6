"""What came of a moved set point: bad parts before and after."""

import sqlalchemy as sa
from alembic import op

revision = "0082"
down_revision = "0081"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "set_point_outcomes",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("judged_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("judged_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("to_value", sa.Float(), nullable=False),
        sa.Column("before_operations", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("before_parts", sa.Float(), nullable=False),
        sa.Column("before_bad", sa.Float(), nullable=False),
        sa.Column("after_operations", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("after_parts", sa.Float(), nullable=False),
        sa.Column("after_bad", sa.Float(), nullable=False),
        sa.Column("change", sa.Float(), nullable=True),
        sa.Column("change_low", sa.Float(), nullable=True),
        sa.Column("change_high", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_set_point_outcomes")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("set_point_outcomes")
