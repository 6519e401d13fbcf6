"""The journal of alarms rolled up: annunciations by day, and how long alarms were there."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward. What is in the journal already is rolled up by the figures' worker."""
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "alarm_keys",
        sa.Column("key_id", key, autoincrement=True, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("alarm_id", "equipment_id", "priority")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_alarm_keys")),
        sa.UniqueConstraint(
            "alarm_id",
            "equipment_id",
            "priority",
            name=op.f("uq_alarm_keys_alarm_id_equipment_id_priority"),
        ),
    )
    op.create_table(
        "alarm_days",
        sa.Column("position_id", sa.Text(), nullable=False),
        sa.Column("day_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position_id", "day_us", name=op.f("pk_alarm_days")),
    )
    op.create_table(
        "alarm_stays",
        sa.Column("alarm_id", sa.Text(), nullable=False),
        sa.Column("came_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("gone_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("position_id", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alarm_id", "came_us", name=op.f("pk_alarm_stays")),
    )
    op.create_index("ix_alarm_stays_gone_us", "alarm_stays", ["gone_us"])
    op.create_table(
        "alarm_rolled",
        sa.Column("one", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_alarm_rolled")),
    )


def downgrade() -> None:
    """Go back."""
    for table in ("alarm_rolled", "alarm_stays", "alarm_days", "alarm_keys"):
        op.drop_table(table)
