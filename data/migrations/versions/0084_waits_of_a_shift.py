"""Indexes of waits that are charged to a machine, by shift, and of states that came after a removal."""

import sqlalchemy as sa
from alembic import op

revision = "0084"
down_revision = "0083"
branch_labels = None
depends_on = None

CHARGED, REMOVED = sa.text("level = 'cell' AND charged_to <> ''"), sa.text("code = 'state_after_removal'")


def upgrade() -> None:
    """Go forward."""
    op.create_index(
        "ix_kpi_losses_charged",
        "kpi_losses",
        ["equipment_id", "shift", "day_us", "from_us", "charged_to", "lost_us"],
        sqlite_where=CHARGED,
        postgresql_where=CHARGED,
    )
    op.create_index(
        "ix_kpi_flags_removed",
        "kpi_flags",
        ["equipment_id", "at_us"],
        sqlite_where=REMOVED,
        postgresql_where=REMOVED,
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_kpi_flags_removed", "kpi_flags")
    op.drop_index("ix_kpi_losses_charged", "kpi_losses")
