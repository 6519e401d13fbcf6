"""The ends that planned stops had before: what of them was planned when the plan of a shift froze."""

import sqlalchemy as sa
from alembic import op

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward, with the ends that are known from the changes of records."""
    op.create_table(
        "stop_ends",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("downtime_id", sa.Text(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("instance", "downtime_id", "until_us", name=op.f("pk_stop_ends")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO stop_ends (instance, downtime_id, until_us, end_us)"
        " SELECT c.instance, c.record, c.learned_us,"
        " CASE WHEN c.old = 'null' THEN NULL ELSE CAST(c.old AS BIGINT) END"
        " FROM mes_changes c JOIN downtimes d ON d.instance = c.instance AND d.downtime_id = c.record"
        " WHERE c.entity = 'downtimes' AND c.field = 'end_us' AND d.planned IS TRUE AND c.change_id ="
        " (SELECT MIN(o.change_id) FROM mes_changes o WHERE o.entity = 'downtimes' AND o.field = 'end_us'"
        " AND o.instance = c.instance AND o.record = c.record AND o.learned_us = c.learned_us)"
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("stop_ends")
