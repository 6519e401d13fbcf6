"""What operations ran with, and within which limits settings may be moved."""

import sqlalchemy as sa
from alembic import op

revision = "0076"
down_revision = "0074"
branch_labels = None
depends_on = None


def _us(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "process_parameters",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("operation_id", sa.Text(), nullable=False),
        sa.Column("parameter", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Text(), nullable=False),
        sa.Column("set_point", sa.Float(), nullable=True),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("unit", sa.Text(), server_default="", nullable=False),
        _us("updated_us"),
        sa.PrimaryKeyConstraint("instance", "operation_id", "parameter", name=op.f("pk_process_parameters")),
    )
    op.create_index("ix_process_parameters_equipment_id", "process_parameters", ["equipment_id"])
    op.create_table(
        "parameter_limits",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("parameter", sa.Text(), nullable=False),
        _us("version"),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("validated_by", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        _us("set_us"),
        _us("set_wall_us"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "scope", "product_id", "parameter", "version", name=op.f("pk_parameter_limits")
        ),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("parameter_limits")
    op.drop_index("ix_process_parameters_equipment_id", table_name="process_parameters")
    op.drop_table("process_parameters")
