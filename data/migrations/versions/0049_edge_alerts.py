"""A gateway's alerts: the limit that it judges, and lines of the journal that came long after their time."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("metrics", schema=None) as batch_op:
        batch_op.add_column(sa.Column("edge_limit", sa.Float(), nullable=True))
    with op.batch_alter_table("alarm_events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("historical", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("alarm_events", schema=None) as batch_op:
        batch_op.drop_column("historical")
    with op.batch_alter_table("metrics", schema=None) as batch_op:
        batch_op.drop_column("edge_limit")
