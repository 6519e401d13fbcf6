"""flow of messages by minute, and messages in quarantine that are to be read again."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "flow",
        sa.Column("minute_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("received", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stored", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quarantined", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lag_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("backlog", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("minute_wall_us", "source", name=op.f("pk_flow")),
    )
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asked_wall_us", sa.BigInteger(), autoincrement=False, nullable=True))
        batch_op.add_column(sa.Column("tried_wall_us", sa.BigInteger(), autoincrement=False, nullable=True))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.drop_column("tried_wall_us")
        batch_op.drop_column("asked_wall_us")
    op.drop_table("flow")
