"""What a MES booked with an operation: good parts and scrap."""

import sqlalchemy as sa
from alembic import op

revision = "0085"
down_revision = "0084"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("operations", sa.Column("good", sa.Float(), nullable=True))
    op.add_column("operations", sa.Column("scrap", sa.Float(), nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column("operations", "scrap")
    op.drop_column("operations", "good")
