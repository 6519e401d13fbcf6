"""Where the databases of the virtual plant's MES and ERP are, for the plant and for its readers."""

from pathlib import Path

from simulator.erp import schema as erp_schema
from simulator.layout import Layout
from simulator.mes import schema as mes_schema
from simulator.records.engine import Records

ERP = "erp"


def mes_records(instance: str, directory: Path, url: str | None = None) -> Records:
    """The database of one MES instance: `mes-<instance>.db`, or a PostgreSQL schema `mes_<instance>`."""
    name = instance.replace("-", "_")
    return Records(url or _file(directory, f"mes-{instance}"), mes_schema.metadata, schema=f"mes_{name}")


def erp_records(directory: Path, url: str | None = None) -> Records:
    """The database of the ERP: `erp.db`, or a PostgreSQL schema `erp`."""
    return Records(url or _file(directory, ERP), erp_schema.metadata, schema=ERP)


def _file(directory: Path, name: str) -> str:
    return f"sqlite:///{directory / f'{name}.db'}"


def reader_urls(
    layout: Layout,
    directory: Path,
    url: str | None = None,
    role: str = "taktwise_reader",
    password: str | None = None,
) -> dict[str, str]:
    """Read-only URLs by name: each MES instance, and `erp`. Makes databases that are not there yet.

    On PostgreSQL the role is made, and may read the open tables only.
    """
    urls = {}
    for instance in [line.instance for line in layout.lines] + [ERP]:
        erp = instance == ERP
        records = erp_records(directory, url) if erp else mes_records(instance, directory, url)
        if url is not None:
            tables = erp_schema.READABLE if erp else mes_schema.READABLE
            records.grant_reader(role, password or role, tables)
        urls[instance] = records.read_only_url(role, password or role)
        records.close()
    return urls
