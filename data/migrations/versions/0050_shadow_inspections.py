"""What a challenger says of the pictures that the champion judges."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "shadow_inspections",
        sa.Column("inspection_id", sa.Text(), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("strangeness", sa.Float(), nullable=False),
        sa.Column("unknown", sa.Boolean(), nullable=False),
        sa.Column("for_person", sa.Boolean(), nullable=False),
        sa.Column("judged_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "inspection_id", "model_name", "model_version", name=op.f("pk_shadow_inspections")
        ),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("shadow_inspections")
