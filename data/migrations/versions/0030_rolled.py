"""Roll-ups of readings by minute, hour and shift, and the marks of what is to be folded."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def _level(name: str) -> None:
    op.create_table(
        name,
        sa.Column("metric_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("readings", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bad", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("covered_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mean", sa.Float(), nullable=True),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("last", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("metric_id", "at_us", name=op.f(f"pk_{name}")),
        sqlite_with_rowid=False,
    )


def upgrade() -> None:
    """Go forward. Everything that is stored is marked, so that the next fold takes it up."""
    for name in ("rolled_minutes", "rolled_hours", "rolled_shifts"):
        _level(name)
    op.create_table(
        "rolled_shift_grid",
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("line_id", "at_us", name=op.f("pk_rolled_shift_grid")),
    )
    op.create_table(
        "rolled_dirty",
        sa.Column("metric_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stamp", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("metric_id", "from_us", name=op.f("pk_rolled_dirty")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO rolled_dirty (metric_id, from_us, to_us, stamp)"
        " SELECT metric_id, first_us - first_us % 60000000, last_us, 0 FROM (SELECT m.metric_id,"
        " (SELECT MIN(r.source_us) FROM readings r WHERE r.metric_id = m.metric_id) AS first_us,"
        " (SELECT MAX(r.source_us) FROM readings r WHERE r.metric_id = m.metric_id) AS last_us"
        " FROM metrics m) AS ends WHERE first_us IS NOT NULL"
    )


def downgrade() -> None:
    """Go back."""
    names = ("rolled_dirty", "rolled_shift_grid", "rolled_shifts", "rolled_hours", "rolled_minutes")
    for name in names:
        op.drop_table(name)
