"""alarms."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "alarm_definitions",
        sa.Column("alarm_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("position_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("high", sa.Boolean(), nullable=False),
        sa.Column("limit_value", sa.Float(), nullable=False),
        sa.Column("deadband", sa.Float(), nullable=False),
        sa.Column("on_delay_s", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("off_delay_s", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("suppress_when", sa.Text(), nullable=False),
        sa.Column("consequence", sa.Text(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("changed_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alarm_id", "version", name=op.f("pk_alarm_definitions")),
    )
    with op.batch_alter_table("alarm_definitions", schema=None) as batch_op:
        batch_op.create_index("ix_alarm_definitions_equipment_id", ["equipment_id"], unique=False)

    op.create_table(
        "alarm_events",
        sa.Column(
            "event_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("alarm_id", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("position_id", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_alarm_events")),
    )
    with op.batch_alter_table("alarm_events", schema=None) as batch_op:
        batch_op.create_index("ix_alarm_events_alarm_id", ["alarm_id", "at_us"], unique=False)
        batch_op.create_index("ix_alarm_events_position_id", ["position_id", "at_us"], unique=False)

    op.create_table(
        "alarm_states",
        sa.Column("alarm_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("condition", sa.Boolean(), nullable=False),
        sa.Column("acked", sa.Boolean(), nullable=False),
        sa.Column("shelved_until_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("suppressed", sa.Boolean(), nullable=False),
        sa.Column("out_of_service", sa.Boolean(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pending_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("upto_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("note_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alarm_id", name=op.f("pk_alarm_states")),
    )
    op.create_table(
        "operator_positions",
        sa.Column("position_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position_id", name=op.f("pk_operator_positions")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("operator_positions")
    op.drop_table("alarm_states")
    with op.batch_alter_table("alarm_events", schema=None) as batch_op:
        batch_op.drop_index("ix_alarm_events_position_id")
        batch_op.drop_index("ix_alarm_events_alarm_id")

    op.drop_table("alarm_events")
    with op.batch_alter_table("alarm_definitions", schema=None) as batch_op:
        batch_op.drop_index("ix_alarm_definitions_equipment_id")

    op.drop_table("alarm_definitions")
