"""What is unusual about machines: scores by half hour, and where each machine stands."""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "oddity_scores",
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("made_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("feature_version", sa.Text(), nullable=False),
        sa.Column("window_hash", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("threshold", sa.Float(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("parts", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint(
            "equipment_id", "model_name", "model_version", "at_us", name=op.f("pk_oddity_scores")
        ),
    )
    op.create_index("ix_oddity_scores_at_us", "oddity_scores", ["at_us"])
    op.create_table(
        "oddity_states",
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("threshold", sa.Float(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("signals", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("equipment_id", "model_name", "model_version", name=op.f("pk_oddity_states")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("oddity_states")
    op.drop_index("ix_oddity_scores_at_us", table_name="oddity_scores")
    op.drop_table("oddity_scores")
