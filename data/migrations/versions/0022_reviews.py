"""reviews."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "failure_reviews",
        sa.Column("review_id", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("failed_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("opened_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scored", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("highest", sa.Float(), nullable=True),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("prediction_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("proposed", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("next_step", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("settled_wall_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_failure_reviews")),
        sa.UniqueConstraint(
            "equipment_id", "failed_us", name=op.f("uq_failure_reviews_equipment_id_failed_us")
        ),
    )
    with op.batch_alter_table("failure_reviews", schema=None) as batch_op:
        batch_op.create_index("ix_failure_reviews_site_id", ["site_id", "failed_us"], unique=False)


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("failure_reviews", schema=None) as batch_op:
        batch_op.drop_index("ix_failure_reviews_site_id")
    op.drop_table("failure_reviews")
