"""Counts: small falls of a counter, and whether the energy meter was read."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward. What is stored already counts as metered, as it did."""
    op.add_column("counts", sa.Column("fell", sa.Float(), nullable=False, server_default="0"))
    op.add_column("counts", sa.Column("metered", sa.BigInteger(), nullable=False, server_default="1"))


def downgrade() -> None:
    """Go back."""
    op.drop_column("counts", "metered")
    op.drop_column("counts", "fell")
