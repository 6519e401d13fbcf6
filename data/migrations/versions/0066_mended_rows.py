"""Rows set aside are known by key, tables by the mapping they were read with, sessions by their filters."""

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

FILTER = ("client_id", "broker", "filter")


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("quarantine") as table:
        table.add_column(sa.Column("record", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("watermarks") as table:
        table.add_column(sa.Column("mapping", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "session_filters",
        *(sa.Column(name, sa.Text(), primary_key=True, nullable=False) for name in FILTER),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("session_filters")
    with op.batch_alter_table("watermarks") as table:
        table.drop_column("mapping")
    with op.batch_alter_table("quarantine") as table:
        table.drop_column("record")
