"""Energy by quarter hour, packed by day."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "energy_blocks",
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("block_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("upto_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("equipment_id", "block_us", name=op.f("pk_energy_blocks")),
    )
    op.create_table(
        "energy_stale",
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("block_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("equipment_id", "block_us", name=op.f("pk_energy_stale")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("energy_stale")
    op.drop_table("energy_blocks")
