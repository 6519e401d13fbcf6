"""Days of energy are packed anew: what a machine did comes from the classified intervals."""

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_AGAIN = (
    "INSERT INTO energy_stale (equipment_id, block_us) SELECT equipment_id, block_us FROM energy_blocks"
    " WHERE NOT EXISTS (SELECT 1 FROM energy_stale s WHERE s.equipment_id = energy_blocks.equipment_id"
    " AND s.block_us = energy_blocks.block_us)"
)


def upgrade() -> None:
    """Go forward."""
    op.execute(_AGAIN)


def downgrade() -> None:
    """Go back."""
    op.execute(_AGAIN)
