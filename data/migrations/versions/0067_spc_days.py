"""The values of control charts, packed by UTC day."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import numpy as np
import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None

DAY = 86_400_000_000
PLACED = np.dtype([("at_us", "<i8"), ("count", "<i4")])


def upgrade() -> None:
    """Go forward, with the samples that are there."""
    days = op.create_table(
        "spc_days",
        sa.Column("chart_id", sa.Text(), nullable=False),
        sa.Column("day_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("placed", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("chart_id", "day_us", name=op.f("pk_spc_days")),
        sqlite_with_rowid=False,
    )
    bind = op.get_bind()
    for (chart,) in bind.exec_driver_sql("SELECT DISTINCT chart_id FROM spc_samples").all():
        query = sa.text("SELECT at_us, content FROM spc_samples WHERE chart_id = :chart ORDER BY at_us")
        rows = list(_packed(chart, bind.execute(query, {"chart": chart}).all()))
        if rows:
            bind.execute(sa.insert(days), rows)


def downgrade() -> None:
    """Go back."""
    op.drop_table("spc_days")


def _packed(chart: str, samples: Iterable[Any]) -> Iterator[dict[str, Any]]:
    measured = ((at, values) for at, content in samples if (values := json.loads(content)))
    for day, group in groupby(measured, key=lambda one: one[0] - one[0] % DAY):
        its = list(group)
        placed = np.array([(at, len(values)) for at, values in its], PLACED)
        content = np.array([value for _, values in its for value in values], "<f8")
        yield {"chart_id": chart, "day_us": day, "placed": placed.tobytes(), "content": content.tobytes()}
