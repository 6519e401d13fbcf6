"""Which sites are simulated; those of a demo desk are marked when it starts."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("sites", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "virtual", sa.Boolean(create_constraint=False), nullable=False, server_default=sa.false()
            )
        )


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("sites", schema=None) as batch_op:
        batch_op.drop_column("virtual")
