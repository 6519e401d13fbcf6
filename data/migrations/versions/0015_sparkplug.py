"""edge nodes over several brokers, and since when they are dead."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("edge_nodes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("broker", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("offline_us", sa.BigInteger(), autoincrement=False, nullable=True))
    with op.batch_alter_table("edge_devices", schema=None) as batch_op:
        batch_op.add_column(sa.Column("offline_us", sa.BigInteger(), autoincrement=False, nullable=True))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("edge_devices", schema=None) as batch_op:
        batch_op.drop_column("offline_us")
    with op.batch_alter_table("edge_nodes", schema=None) as batch_op:
        batch_op.drop_column("offline_us")
        batch_op.drop_column("broker")
