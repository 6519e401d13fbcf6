"""The one MetaData, and column shorthands. Every `*_us` column is BIGINT microseconds UTC."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, MetaData, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def text(name: str, *, key: bool = False, null: bool = False, default: str | None = None) -> Column[str]:
    """A TEXT column, NOT NULL unless said."""
    return Column(name, Text, primary_key=key, nullable=null, server_default=default)


def us(name: str, *, key: bool = False, null: bool = False) -> Column[int]:
    """Microseconds UTC."""
    return Column(name, BigInteger, primary_key=key, nullable=null, autoincrement=False)


def number(name: str, *, null: bool = False, default: str | None = None) -> Column[float]:
    """A double."""
    return Column(name, Float, nullable=null, server_default=default)


def whole(name: str, *, key: bool = False, null: bool = False, default: str | None = None) -> Column[int]:
    """A 64-bit integer."""
    return Column(
        name, BigInteger, primary_key=key, nullable=null, server_default=default, autoincrement=False
    )


def serial(name: str) -> Column[int]:
    """An auto-incrementing primary key (INTEGER, which SQLite needs for it)."""
    return Column(name, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def flag(name: str, *, null: bool = False) -> Column[bool]:
    """A boolean without a default, NOT NULL unless said."""
    return Column(name, Boolean(create_constraint=False), nullable=null)
