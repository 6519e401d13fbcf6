"""Counts: since when what came at once after a gap was not read."""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("counts", sa.Column("parts_since_us", sa.BigInteger(), autoincrement=False, nullable=True))
    op.add_column("counts", sa.Column("energy_since_us", sa.BigInteger(), autoincrement=False, nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column("counts", "energy_since_us")
    op.drop_column("counts", "parts_since_us")
