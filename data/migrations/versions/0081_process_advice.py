"""What a model of scrap says of a product on a machine."""

import sqlalchemy as sa
from alembic import op

revision = "0081"
down_revision = "0080"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "process_advice",
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("feature_version", sa.Text(), nullable=False),
        sa.Column("window_hash", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("made_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("operations", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("parameter", sa.Text(), nullable=False),
        sa.Column("why_not", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("from_value", sa.Float(), nullable=True),
        sa.Column("to_value", sa.Float(), nullable=True),
        sa.Column("share", sa.Float(), nullable=True),
        sa.Column("change", sa.Float(), nullable=True),
        sa.Column("change_low", sa.Float(), nullable=True),
        sa.Column("change_high", sa.Float(), nullable=True),
        sa.Column("taught", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("came", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("equipment_id", "product_id", name=op.f("pk_process_advice")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("process_advice")
