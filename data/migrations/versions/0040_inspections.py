"""Pictures of parts, and what was said of them."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "part_pictures",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("stored_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_part_pictures")),
    )
    op.create_table(
        "inspections",
        sa.Column("inspection_id", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_name", sa.Text(), nullable=False),
        sa.Column("taken_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("received_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("strangeness", sa.Float(), nullable=True),
        sa.Column("unknown", sa.Boolean(), nullable=False),
        sa.Column("for_person", sa.Boolean(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("said_label", sa.Text(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("said_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("said_wall_us", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("said_words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("inspection_id", name=op.f("pk_inspections")),
        sa.UniqueConstraint("equipment_id", "sha256", name=op.f("uq_inspections_equipment_id_sha256")),
    )
    with op.batch_alter_table("inspections", schema=None) as batch_op:
        batch_op.create_index("ix_inspections_site_id", ["site_id", "taken_us"], unique=False)
        batch_op.create_index("ix_inspections_state", ["state", "received_wall_us"], unique=False)
        batch_op.create_index("ix_inspections_equipment_id", ["equipment_id", "taken_us"], unique=False)


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("inspections", schema=None) as batch_op:
        batch_op.drop_index("ix_inspections_equipment_id")
        batch_op.drop_index("ix_inspections_state")
        batch_op.drop_index("ix_inspections_site_id")
    op.drop_table("inspections")
    op.drop_table("part_pictures")
