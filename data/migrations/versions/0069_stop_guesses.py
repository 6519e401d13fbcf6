"""What models of reasons say of stops."""

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "stop_guesses",
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("made_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("feature_version", sa.Text(), nullable=False),
        sa.Column("window_hash", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("chance", sa.Float(), nullable=False),
        sa.Column("sure", sa.Boolean(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "equipment_id", "from_us", "model_name", "model_version", name=op.f("pk_stop_guesses")
        ),
    )
    op.create_index("ix_stop_guesses_from_us", "stop_guesses", ["from_us"])


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_stop_guesses_from_us", table_name="stop_guesses")
    op.drop_table("stop_guesses")
