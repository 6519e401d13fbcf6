"""How an edge gateway sends a metric: deadband, sampling, aggregation."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None
_COLUMNS = ("deadband", "sampling_ms", "aggregate_s")


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("metrics", schema=None) as batch_op:
        for name in _COLUMNS:
            batch_op.add_column(sa.Column(name, sa.Float(), nullable=True))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("metrics", schema=None) as batch_op:
        for name in reversed(_COLUMNS):
            batch_op.drop_column(name)
