"""cost inputs."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("cost_rates", schema=None) as batch_op:
        batch_op.add_column(sa.Column("slow_speed", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("stated_us", sa.BigInteger(), autoincrement=False, nullable=True))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("cost_rates", schema=None) as batch_op:
        batch_op.drop_column("stated_us")
        batch_op.drop_column("slow_speed")
