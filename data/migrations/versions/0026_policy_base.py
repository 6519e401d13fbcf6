"""Each proposed policy knows the version that it changes.

Of those that were proposed before, it is the newest that was in force then.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "base_version", sa.BigInteger(), autoincrement=False, nullable=False, server_default="1"
            )
        )
    op.execute(
        "UPDATE policies SET base_version = COALESCE((SELECT MAX(b.version) FROM policies b "
        "WHERE b.state IN ('active', 'retired') AND b.decided_wall_us <= policies.proposed_wall_us), 1)"
    )


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.drop_column("base_version")
