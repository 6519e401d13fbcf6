"""recomputations."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "recomputations",
        sa.Column("prediction_id", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("rul", sa.Float(), nullable=True),
        sa.Column("rul_low", sa.Float(), nullable=True),
        sa.Column("rul_high", sa.Float(), nullable=True),
        sa.Column("difference", sa.Float(), nullable=True),
        sa.Column("done_wall_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("prediction_id", name=op.f("pk_recomputations")),
    )
    with op.batch_alter_table("recomputations", schema=None) as batch_op:
        batch_op.create_index("ix_recomputations_state", ["state"], unique=False)


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("recomputations", schema=None) as batch_op:
        batch_op.drop_index("ix_recomputations_state")

    op.drop_table("recomputations")
