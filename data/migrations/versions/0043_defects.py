"""Defects by inspection. Charts of defects that counted bad parts are taken out of use."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("quality_results", sa.Column("defects", sa.Float(), nullable=True))
    op.execute("UPDATE spc_charts SET active = false WHERE kind IN ('c', 'u')")


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("quality_results", schema=None) as batch_op:
        batch_op.drop_column("defects")
