"""The lines of the journal of alarms are counted from the index by their time alone."""

from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None

NAME = "ix_alarm_events_at_us"


def upgrade() -> None:
    """Go forward."""
    op.drop_index(NAME, "alarm_events")
    op.create_index(NAME, "alarm_events", ["at_us", "event", "asks", "position_id", "equipment_id"])


def downgrade() -> None:
    """Go back."""
    op.drop_index(NAME, "alarm_events")
    op.create_index(NAME, "alarm_events", ["at_us"])
