"""Rows of a MES that were set aside are known by their key, and a table by the mapping it was read with."""

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("quarantine") as table:
        table.add_column(sa.Column("record", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("watermarks") as table:
        table.add_column(sa.Column("mapping", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("watermarks") as table:
        table.drop_column("mapping")
    with op.batch_alter_table("quarantine") as table:
        table.drop_column("record")
