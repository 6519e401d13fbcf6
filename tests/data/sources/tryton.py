"""Tables as Tryton 8.2 makes them on PostgreSQL (modules production, production_routing,
production_work, stock_lot): names, types and what may be empty, of the columns that the mapping reads."""

from sqlalchemy import Boolean, Column, Date, DateTime, Engine, Float, Integer, MetaData, String, Table, text
from sqlalchemy.dialects import mysql

metadata = MetaData()
Word = String(200)
Moment = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def _table(name: str, *columns: Column) -> Table:
    kept = [Column("create_date", Moment), Column("write_date", Moment)]
    return Table(name, metadata, Column("id", Integer, primary_key=True), *columns, *kept)


uom = _table("product_uom", Column("symbol", Word, nullable=False))
template = _table(
    "product_template",
    Column("name", Word, nullable=False),
    Column("active", Boolean),
    Column("default_uom", Integer),
)
product = _table(
    "product_product", Column("template", Integer, nullable=False), Column("code", Word)
)  # fmt: skip
production = _table(
    "production",
    Column("number", Word),
    Column("state", Word),
    Column("product", Integer),
    Column("quantity", Float),
    Column("planned_start_date", Date),
    Column("planned_date", Date),
    Column("effective_start_date", Date),
    Column("effective_date", Date),
    Column("work_center", Integer),
)
work = _table(
    "production_work",
    Column("production", Integer, nullable=False),
    Column("operation", Integer, nullable=False),
    Column("work_center", Integer),
    Column("state", Word),
)
lot = _table("stock_lot", Column("number", Word, nullable=False), Column("product", Integer, nullable=False))
move = _table(
    "stock_move",
    Column("product", Integer, nullable=False),
    Column("lot", Integer),
    Column("production_input", Integer),
    Column("production_output", Integer),
    Column("internal_quantity", Float, nullable=False),
    Column("state", Word),
    Column("planned_date", Date),
    Column("effective_date", Date),
)
NOTIFY = """
CREATE FUNCTION taktwise_says() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NOTIFY taktwise; RETURN NULL; END $$;
CREATE TRIGGER taktwise AFTER INSERT OR UPDATE ON production
FOR EACH STATEMENT EXECUTE FUNCTION taktwise_says();
"""


def call_at_each_change(engine: Engine) -> None:
    """What docs/mes.md tells the database's owner to type, for one table."""
    with engine.begin() as tx:
        tx.execute(text(NOTIFY))
