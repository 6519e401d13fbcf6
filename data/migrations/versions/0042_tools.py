"""Planned cycles by tool and cavities, and the tool of an operation."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_KEPT = "instance, product_id, equipment_id, planned_cycle_s, basis, valid_from_us, updated_us"


def _table(*more: "sa.Column[str] | sa.Column[int]", key: tuple[str, ...]) -> sa.Table:
    names = ("instance", "product_id", "equipment_id")
    return op.create_table(
        "product_rates",
        *(sa.Column(name, sa.Text(), nullable=False) for name in names),
        *(column for column in more if column.name == "tool"),
        sa.Column("planned_cycle_s", sa.Float(), nullable=False),
        *(column for column in more if column.name == "cavities"),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("updated_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_product_rates")),
    )


def upgrade() -> None:
    """Go forward; what is there holds with any tool."""
    rows = [dict(r._mapping) for r in op.get_bind().execute(sa.text(f"SELECT {_KEPT} FROM product_rates"))]  # noqa: S608
    op.drop_table("product_rates")
    table = _table(
        sa.Column("tool", sa.Text(), server_default="", nullable=False),
        sa.Column("cavities", sa.BigInteger(), server_default="1", autoincrement=False, nullable=False),
        key=("instance", "product_id", "equipment_id", "tool", "valid_from_us"),
    )
    op.bulk_insert(table, [{**row, "tool": "", "cavities": 1} for row in rows])
    op.add_column("operations", sa.Column("tool", sa.Text(), nullable=True))


def downgrade() -> None:
    """Go back; cycles of single tools go, cavities are counted into the others."""
    query = f"SELECT {_KEPT}, cavities FROM product_rates WHERE tool = '' AND cavities > 0"  # noqa: S608
    rows = [dict(row._mapping) for row in op.get_bind().execute(sa.text(query))]
    op.drop_table("product_rates")
    table = _table(key=("instance", "product_id", "equipment_id", "valid_from_us"))
    for row in rows:
        row["planned_cycle_s"] /= row.pop("cavities")
    op.bulk_insert(table, rows)
    with op.batch_alter_table("operations", schema=None) as batch_op:
        batch_op.drop_column("tool")
