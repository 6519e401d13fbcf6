"""When machines were out of the plant."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "absences",
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("out_by", sa.Text(), nullable=False),
        sa.Column("out_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("out_reason", sa.Text(), nullable=False),
        sa.Column("back_by", sa.Text(), nullable=True),
        sa.Column("back_wall_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("back_reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("equipment_id", "from_us", name=op.f("pk_absences")),
    )
    op.execute(
        "INSERT INTO absences (equipment_id, from_us, out_by, out_wall_us, out_reason, back_reason)"
        " SELECT equipment_id, removed_us, '', 0, '', '' FROM equipment WHERE removed_us IS NOT NULL"
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("absences")
