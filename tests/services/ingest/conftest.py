"""Ingest is tested on both databases."""

import pytest
from sqlalchemy import Connection

from data.store import tables as t
from data.store.database import Database
from data.store.upsert import insert_ignore
from domain.spc.model import Kind
from domain.spc.rules import NELSON
from services.spc.definition import Chart

UNIT = "north/machining/line-1/cnc-11"
JSON_UNIT = "north/machining/line-1/cnc-12"


def place(database: Database) -> None:
    """The site, one line, and two devices that are placed."""
    with database.write() as tx:
        site = {"site_id": "north", "name": "N", "time_zone": "UTC", "currency": "EUR", "shadow": False}
        insert_ignore(tx, t.sites, [site])
        units = [
            {
                "equipment_id": found, "level": "unit", "parent_id": found.rpartition("/")[0], "name": found,
                "machine_type": "cnc", "assigned": True, "constraint_unit": False, "position": 0,
                "target_oee": None, "created_us": 0,
            }
            for found in (UNIT, JSON_UNIT)
        ]  # fmt: skip
        insert_ignore(tx, t.equipment, units)
        aliases = [
            {"source": "sparkplug", "external_id": "north/line-1/cnc-11", "equipment_id": UNIT},
            {"source": "json", "external_id": JSON_UNIT, "equipment_id": JSON_UNIT},
        ]
        insert_ignore(tx, t.equipment_aliases, aliases)


@pytest.fixture(params=["database", pytest.param("postgres", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest) -> Database:
    """A database with the site placed, SQLite and PostgreSQL."""
    found: Database = request.getfixturevalue(request.param)
    place(found)
    return found


def chart(tx: Connection, chart_id: str, source: str, unit: str) -> None:
    """An active chart of a machine's temperature ("metric"), or of its inspections ("quality")."""
    kind, metric = (Kind.I_MR, "temperature") if source == "metric" else (Kind.P, "")
    one = Chart(chart_id, unit, "A", kind, source, metric, rules=NELSON)
    who = {"version": 1, "changed_by": "", "changed_us": 0, "changed_wall_us": 0, "reason": ""}
    tx.execute(t.spc_charts.insert().values(**(one.columns() | who)))
