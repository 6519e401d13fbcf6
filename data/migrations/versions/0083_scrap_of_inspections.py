"""Scrap that only inspections found is in the figures: those of inspected machines are made anew."""

from alembic import op

revision = "0083"
down_revision = "0082"
branch_labels = None
depends_on = None

# From the first operation of an order that was inspected after its end, or of which parts were scrapped.
INSPECTED = """
INSERT INTO kpi_dirty (equipment_id, from_us, to_us)
SELECT p.equipment_id, MIN(o.start_us), MAX(p.upto_us) FROM kpi_progress p
JOIN quality_results q ON q.equipment_id = p.equipment_id
JOIN operations o ON o.order_id = q.order_id AND o.equipment_id = q.equipment_id
WHERE q.scrap > 0 OR o.end_us < q.at_us
GROUP BY p.equipment_id
"""


def upgrade() -> None:
    """Go forward."""
    op.execute(INSPECTED)


def downgrade() -> None:
    """Go back: the figures stay as they are."""
