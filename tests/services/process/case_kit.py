"""What a model of scrap says of a press, and a look at it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from data.store import cases as store
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, wall_us
from domain.evidence import Payload
from domain.messages import SetPointChange
from services.process import casing
from services.process.limits import InForce
from services.situation import site_at
from tests import factories as f
from tests.services.process.kit import FORCE

MODEL = "process_quality"
_MOVED = {
    "parameter": FORCE, "why_not": "", "unit": "kN", "from_value": 420.0, "to_value": 438.0, "share": 0.023,
    "change": -0.012, "change_low": -0.015, "change_high": -0.008,
}  # fmt: skip
_NOTHING = dict.fromkeys(_MOVED) | {"parameter": "", "why_not": "no validated limits", "unit": ""}


def champion(tx: Connection) -> None:
    """The model, registered."""
    row = {"name": MODEL, "version": "7", "capability": "quality", "stage": "champion", "card": "{}"}
    row |= {"path": "", "sha256": "", "feature_version": "", "registered_wall_us": 1}
    tx.execute(insert(t.model_versions).values(**row, check_asked_wall_us=None))


def said(unit: str, *, moves: bool = True, **changes: Any) -> dict[str, Any]:
    """A row of `process_advice`."""
    return {
        "equipment_id": unit, "product_id": "P-201", "model_name": MODEL, "model_version": "7",
        "feature_version": "", "window_hash": "", "at_us": f.NOW - HOUR, "made_wall_us": 1, "operations": 5,
        "taught": 180, "came": 0.021, **(_MOVED if moves else _NOTHING), **changes,
    }  # fmt: skip


def look(database: Database, row: dict[str, Any], later_us: int = 0) -> None:
    """The scoring process has looked; the plant's clock shows so much more than at first."""
    with database.write() as tx:
        tx.execute(update(t.clocks).values(origin_plant_us=f.NOW + later_us, origin_wall_us=wall_us()))
        casing.take_up(tx, site_at(tx, "north"), row, InForce.read(tx, "north"))


def cases(database: Database) -> list[dict[str, Any]]:
    """Every case, oldest first."""
    with database.read() as tx:
        return [dict(row) for row in tx.execute(select(t.cases).order_by(t.cases.c.number)).mappings()]


def asked_values(database: Database, case: Mapping[str, Any]) -> list[tuple[str, float]]:
    """What the case would ask of the MES, or has: the state of the command and the value."""
    with database.read() as tx:
        rows = store.commands_of(tx, case["case_id"])
    works = [(row["state"], Payload.from_json(row["payload"]).work) for row in rows]
    return [(state, work.to_value) for state, work in works if isinstance(work, SetPointChange)]
