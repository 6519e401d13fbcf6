"""Materials, lots, their use by orders, and personnel classes."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def _text(*names: str) -> list["sa.Column[str]"]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _us(*names: str) -> list["sa.Column[int]"]:
    return [sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False) for name in names]


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "materials",
        *_text("instance", "material_id", "name", "unit"),
        *_us("updated_us"),
        sa.PrimaryKeyConstraint("instance", "material_id", name=op.f("pk_materials")),
    )
    op.create_table(
        "material_lots",
        *_text("instance", "lot_id", "material_id"),
        sa.Column("quantity", sa.Float(), nullable=False),
        *_text("status"),
        *_us("at_us", "updated_us"),
        sa.PrimaryKeyConstraint("instance", "lot_id", name=op.f("pk_material_lots")),
    )
    op.create_table(
        "lot_uses",
        *_text("instance", "use_id", "lot_id", "order_id", "use"),
        sa.Column("quantity", sa.Float(), nullable=False),
        *_us("at_us", "updated_us"),
        sa.PrimaryKeyConstraint("instance", "use_id", name=op.f("pk_lot_uses")),
    )
    op.create_table(
        "personnel_classes",
        *_text("instance", "class_id", "name"),
        *_us("updated_us"),
        sa.PrimaryKeyConstraint("instance", "class_id", name=op.f("pk_personnel_classes")),
    )
    op.create_index("ix_material_lots_at_us", "material_lots", ["at_us"])
    op.create_index("ix_lot_uses_lot_id", "lot_uses", ["lot_id"])
    op.create_index("ix_lot_uses_order_id", "lot_uses", ["order_id"])


def downgrade() -> None:
    """Go back."""
    for name in ("personnel_classes", "lot_uses", "material_lots", "materials"):
        op.drop_table(name)
