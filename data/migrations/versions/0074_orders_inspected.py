"""Operations and inspections are found by their order, whenever it ran; machines without a part counter."""

import sqlalchemy as sa
from alembic import op

revision = "0074"
down_revision = "0069"
branch_labels = None
depends_on = None

TABLES = ("kpi_cells", "kpi_days", "kpi_months", "shift_figures")
COLUMNS = ("uncounted_us", "uncounted_run_us", "unordered_us", "unordered_run_us")
# Machines that never told good parts are counted anew.
UNCOUNTED = """
INSERT INTO kpi_dirty (equipment_id, from_us, to_us)
SELECT p.equipment_id, p.from_us, p.upto_us FROM kpi_progress p
WHERE EXISTS (SELECT 1 FROM metrics m WHERE m.equipment_id = p.equipment_id)
AND NOT EXISTS (SELECT 1 FROM metrics m WHERE m.equipment_id = p.equipment_id AND m.name = 'good_count')
"""
# What ran without an order is that of cells without one; days and months are their sums.
UNORDERED = """
UPDATE kpi_cells SET unordered_us = production_us + setup_us, unordered_run_us = production_us
WHERE order_id = '' AND (production_us > 0 OR setup_us > 0)
"""
SUMMED = """
UPDATE {table} SET (unordered_us, unordered_run_us) = (
    SELECT COALESCE(SUM(b.unordered_us), 0), COALESCE(SUM(b.unordered_run_us), 0) FROM {below} b
    WHERE b.equipment_id = {table}.equipment_id AND b.{at} = {table}.{at}
    AND b.shift = {table}.shift AND b.product_id = {table}.product_id
) WHERE product_id = ''
"""


def upgrade() -> None:
    """Go forward."""
    op.create_index("ix_operations_order_id", "operations", ["order_id", "equipment_id"])
    op.create_index("ix_mes_changes_field", "mes_changes", ["field", "line_id"])
    op.create_index("ix_quality_results_order_id", "quality_results", ["order_id", "equipment_id"])
    for table in TABLES:
        for column in COLUMNS:
            op.add_column(table, sa.Column(column, sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(UNORDERED)
    op.execute(SUMMED.format(table="kpi_days", below="kpi_cells", at="day_us"))
    op.execute(SUMMED.format(table="kpi_months", below="kpi_days", at="month_us"))
    op.execute(UNCOUNTED)


def downgrade() -> None:
    """Go back."""
    for table in TABLES:
        for column in COLUMNS:
            op.drop_column(table, column)
    op.drop_index("ix_mes_changes_field", "mes_changes")
    op.drop_index("ix_quality_results_order_id", "quality_results")
    op.drop_index("ix_operations_order_id", "operations")
