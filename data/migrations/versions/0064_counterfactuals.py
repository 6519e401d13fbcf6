"""Explanations: what the model said anew with one sensor as on healthy machines."""

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("explanations", sa.Column("changed_metric", sa.Text(), nullable=True))
    op.add_column("explanations", sa.Column("changed_probability", sa.Float(), nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column("explanations", "changed_probability")
    op.drop_column("explanations", "changed_metric")
