"""Inspections of parts that were inspected before."""

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0079"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("quality_results", sa.Column("reinspection", sa.Boolean(), nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column("quality_results", "reinspection")
