"""Operations of a stretch are found by when they ended."""

from alembic import op

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_index("ix_operations_end_us", "operations", ["end_us"])


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_operations_end_us", "operations")
