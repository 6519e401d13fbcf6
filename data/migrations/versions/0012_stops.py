"""stops."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "reason_nodes",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "code", "version", name=op.f("pk_reason_nodes")),
    )
    op.create_table(
        "stop_acts",
        sa.Column("act_id", sa.Text(), nullable=False),
        sa.Column("stop_key", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("stop_from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stop_to_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("earlier", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("entry_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("plant_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wall_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("act_id", name=op.f("pk_stop_acts")),
        sa.UniqueConstraint("stop_key", "number", name=op.f("uq_stop_acts_stop_key_number")),
    )
    with op.batch_alter_table("stop_acts", schema=None) as batch_op:
        batch_op.create_index("ix_stop_acts_equipment_id", ["equipment_id", "stop_from_us"], unique=False)
        batch_op.create_index("ix_stop_acts_plant_us", ["plant_us"], unique=False)


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("stop_acts", schema=None) as batch_op:
        batch_op.drop_index("ix_stop_acts_plant_us")
        batch_op.drop_index("ix_stop_acts_equipment_id")

    op.drop_table("stop_acts")
    op.drop_table("reason_nodes")
