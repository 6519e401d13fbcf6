"""Operations and inspections are found by their order, whenever it ran; machines without a part counter."""

import sqlalchemy as sa
from alembic import op

revision = "0074"
down_revision = "0065"
branch_labels = None
depends_on = None

TABLES = ("kpi_cells", "kpi_days", "kpi_months", "shift_figures")
COLUMNS = ("uncounted_us", "uncounted_run_us")


def upgrade() -> None:
    """Go forward."""
    op.create_index("ix_operations_order_id", "operations", ["order_id", "equipment_id"])
    op.create_index("ix_quality_results_order_id", "quality_results", ["order_id", "equipment_id"])


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_quality_results_order_id", "quality_results")
    op.drop_index("ix_operations_order_id", "operations")
