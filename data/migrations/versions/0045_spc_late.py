"""From when on charts are sampled anew after late facts."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "spc_late",
        sa.Column("chart_id", sa.Text(), nullable=False),
        sa.Column("from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("chart_id"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("spc_late")
