"""The moment at which a tariff ends."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("energy_tariffs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("valid_to_us", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("energy_tariffs", schema=None) as batch_op:
        batch_op.drop_column("valid_to_us")
