"""Lots of databases that say neither how much there is nor whether it is free."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("material_lots", schema=None) as batch_op:
        batch_op.alter_column("quantity", existing_type=sa.Float(), nullable=True)
        batch_op.alter_column("status", existing_type=sa.Text(), nullable=True)


def downgrade() -> None:
    """Go back."""
    op.execute("UPDATE material_lots SET quantity = 0 WHERE quantity IS NULL")
    op.execute("UPDATE material_lots SET status = 'Available' WHERE status IS NULL")
    with op.batch_alter_table("material_lots", schema=None) as batch_op:
        batch_op.alter_column("status", existing_type=sa.Text(), nullable=False)
        batch_op.alter_column("quantity", existing_type=sa.Float(), nullable=False)
