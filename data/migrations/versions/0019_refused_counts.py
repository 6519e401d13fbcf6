"""refused counts."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("counts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("refused", sa.Float(), server_default="0", nullable=False))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("counts", schema=None) as batch_op:
        batch_op.drop_column("refused")
