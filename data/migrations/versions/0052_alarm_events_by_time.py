"""The newest lines of the journal of alarms, found by their time."""

from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_index("ix_alarm_events_at_us", "alarm_events", ["at_us"])


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_alarm_events_at_us", "alarm_events")
