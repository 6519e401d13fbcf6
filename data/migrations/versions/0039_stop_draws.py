"""Of which stops the proposal is hidden: drawn once, kept."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "stop_draws",
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("equipment_id", "from_us", name=op.f("pk_stop_draws")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("stop_draws")
