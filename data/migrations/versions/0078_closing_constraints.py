"""The machine at which a line was measured when its shift was closed: what was reported stays so."""

import sqlalchemy as sa
from alembic import op

revision = "0078"
down_revision = "0077"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; shifts that are closed already keep the constraint that their line has now."""
    op.add_column("shift_closings", sa.Column("constraint_unit", sa.Text(), nullable=True))
    op.execute(
        "UPDATE shift_closings SET constraint_unit = (SELECT e.equipment_id FROM equipment e"
        " WHERE e.parent_id = shift_closings.line_id AND e.level = 'unit' AND e.assigned IS TRUE"
        " ORDER BY CASE WHEN e.constraint_unit THEN 0 ELSE 1 END,"
        " CASE WHEN e.constraint_unit THEN e.position ELSE -e.position END LIMIT 1)"
    )


def downgrade() -> None:
    """Go back."""
    op.drop_column("shift_closings", "constraint_unit")
