"""On PostgreSQL readings are split by day: what is there becomes one table a day. SQLite stays as it is."""

from alembic import op
from sqlalchemy import text

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None
_DAY = 86_400_000_000
_TABLE = (
    "metric_id BIGINT NOT NULL, source_us BIGINT NOT NULL, value DOUBLE PRECISION NOT NULL,"
    " quality BIGINT NOT NULL, receive_us BIGINT NOT NULL,"
    " CONSTRAINT pk_readings PRIMARY KEY (metric_id, source_us)"
)


def upgrade() -> None:
    """Go forward, one day after the other."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE readings RENAME TO readings_before")
    op.execute("ALTER TABLE readings_before RENAME CONSTRAINT pk_readings TO pk_readings_before")
    op.execute(f"CREATE TABLE readings ({_TABLE}) PARTITION BY RANGE (source_us)")
    query = text("SELECT DISTINCT source_us - source_us % :day AS day FROM readings_before ORDER BY day")
    for day in connection.execute(query, {"day": _DAY}).scalars().all():
        name = connection.execute(
            text("SELECT 'readings_d' || to_char(to_timestamp(:s) AT TIME ZONE 'UTC', 'YYYYMMDD')"),
            {"s": day // 1_000_000},
        ).scalar_one()
        op.execute(f"CREATE TABLE {name} PARTITION OF readings FOR VALUES FROM ({day}) TO ({day + _DAY})")
        op.execute(
            f"INSERT INTO {name} SELECT metric_id, source_us, value, quality, receive_us"  # noqa: S608
            f" FROM readings_before WHERE source_us >= {day} AND source_us < {day + _DAY}"
        )
    op.execute("DROP TABLE readings_before")
    op.execute("CREATE TABLE readings_default PARTITION OF readings DEFAULT")


def downgrade() -> None:
    """Go back to one table."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE readings RENAME TO readings_split")
    op.execute("ALTER TABLE readings_split RENAME CONSTRAINT pk_readings TO pk_readings_split")
    op.execute(f"CREATE TABLE readings ({_TABLE})")
    op.execute("INSERT INTO readings SELECT * FROM readings_split")
    op.execute("DROP TABLE readings_split")
