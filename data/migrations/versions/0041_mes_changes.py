"""What records of a MES said before."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "mes_changes",
        sa.Column(
            "change_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=True),
        sa.Column("learned_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("learned_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_mes_changes")),
    )
    with op.batch_alter_table("mes_changes", schema=None) as batch_op:
        batch_op.create_index("ix_mes_changes_line_id", ["line_id", "learned_wall_us"], unique=False)
        batch_op.create_index("ix_mes_changes_learned_wall_us", ["learned_wall_us"], unique=False)


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("mes_changes", schema=None) as batch_op:
        batch_op.drop_index("ix_mes_changes_learned_wall_us")
        batch_op.drop_index("ix_mes_changes_line_id")
    op.drop_table("mes_changes")
