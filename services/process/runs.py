"""Operations of a plant with their settings and their parts: what teaches a model of scrap, and is judged."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, and_, select, true

from data.store import process_runs as store
from data.store import tables as t
from data.store.database import Database
from domain.time_model import Span
from models.quality import cases as files
from models.quality.cases import Operation
from services.queries.common import under


@dataclass(frozen=True, slots=True)
class Run:
    """An ended operation, and what its recipe said of each setting, where the MES says it."""

    operation: Operation
    order_id: str
    end_us: int
    set_points: dict[str, float] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: operations, and those of them with counted parts."""

    path: Path
    operations: int
    counted: int


def runs(tx: Connection, place: str, span: Span, product_id: str = "") -> list[Run]:
    """Ended operations of a part of the plant that began in a span, oldest first; of a product, or of all.

    Their parts are those of the inspections of their order on their machine: bad ones are scrapped or
    reworked. Without an inspection they have no parts.
    """
    e, ran = t.equipment.c, t.operations.c
    units = select(e.equipment_id).where(e.level == "unit", under(e.equipment_id, place))
    mine = and_(ran.equipment_id.in_(units), ran.product_id == product_id if product_id else true())
    rows = store.parameters(tx, mine, span.from_us, span.to_us)
    inspected = t.quality_results.c.equipment_id.in_(units)
    parts = store.counted(tx, inspected, span.from_us) if rows else {}
    simulated = bool(
        tx.execute(select(t.sites.c.virtual).where(t.sites.c.site_id == place.split("/", 1)[0])).scalar()
    )
    found: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        found.setdefault((row.instance, row.operation_id), []).append(row)
    return [_run(some, parts, simulated=simulated) for some in found.values()]


def _run(rows: Sequence[Any], parts: dict[Any, Any], *, simulated: bool) -> Run:
    one = rows[0]
    good, scrap, rework = parts.get((one.instance, one.order_id, one.equipment_id), (0.0, 0.0, 0.0))
    return Run(
        Operation(
            one.operation_id, one.equipment_id, one.product_id, one.start_us,
            {row.parameter: row.value for row in rows}, good, scrap + rework, simulated,
        ),
        one.order_id,
        one.end_us,
        {row.parameter: row.set_point for row in rows if row.set_point is not None},
        {row.parameter: row.unit for row in rows},
    )  # fmt: skip


def write_cases(database: Database, site_id: str, span: Span, out: Path) -> Written:
    """Write the ended operations of a site that began in a span, for `train quality`."""
    with database.read() as tx:
        found = [run.operation for run in runs(tx, site_id, span)]
    return Written(files.write(out, found), len(found), sum(one.parts > 0 for one in found))
