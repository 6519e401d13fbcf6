"""Up to when an alarm was judged by time alone, and whether its value is known now."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("alarm_states", schema=None) as batch_op:
        batch_op.add_column(sa.Column("judged_us", sa.BigInteger(), autoincrement=False, nullable=True))
        batch_op.add_column(sa.Column("stale", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("alarm_states", schema=None) as batch_op:
        batch_op.drop_column("stale")
        batch_op.drop_column("judged_us")
