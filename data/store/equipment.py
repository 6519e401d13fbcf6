"""Equipment, the names that sources use for it, and its metrics."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from data.store import tables as t
from data.store.upsert import insert_ignore
from domain.equipment import LEVELS, Equipment
from domain.telemetry import MetricSpec

UNASSIGNED = "unassigned"


class MetricRow(NamedTuple):
    """A stored metric of a piece of equipment."""

    equipment_id: str
    name: str
    metric_id: int


def load_aliases(tx: Connection, sources: Iterable[str]) -> dict[tuple[str, str], str]:
    """(source, external id) -> equipment id."""
    a = t.equipment_aliases.c
    query = select(a.source, a.external_id, a.equipment_id).where(a.source.in_(list(sources)))
    return {(row.source, row.external_id): row.equipment_id for row in tx.execute(query)}


def load_metrics(tx: Connection) -> list[MetricRow]:
    """Every metric."""
    m = t.metrics.c
    return [MetricRow(*row) for row in tx.execute(select(m.equipment_id, m.name, m.metric_id))]


def register_metrics(tx: Connection, equipment_id: str, specs: Iterable[MetricSpec]) -> dict[str, int]:
    """Make the metrics that are missing; returns the ids of all metrics of the equipment by name."""
    rows = [
        {"equipment_id": equipment_id, "name": spec.name, "unit": spec.unit, "kind": spec.kind.value}
        for spec in specs
    ]
    insert_ignore(tx, t.metrics, rows)
    m = t.metrics.c
    query = select(m.name, m.metric_id).where(m.equipment_id == equipment_id)
    return {row.name: row.metric_id for row in tx.execute(query)}


def describe_metric(
    tx: Connection,
    metric_id: int,
    unit: str,
    deadband: float,
    sampling_ms: float,
    aggregate_s: float,
    limit: float | None = None,
) -> None:
    """Keep how a metric is sent. Its unit is taken where we have none of our own."""
    m = t.metrics.c
    how = {
        "deadband": deadband, "sampling_ms": sampling_ms, "aggregate_s": aggregate_s, "edge_limit": limit,
    }  # fmt: skip
    tx.execute(update(t.metrics).where(m.metric_id == metric_id).values(**how))
    if unit:
        tx.execute(update(t.metrics).where(m.metric_id == metric_id, m.unit == "").values(unit=unit))


def register_unassigned(
    tx: Connection, site_id: str, slug: str, name: str, source: str, external_id: str, at_us: int
) -> str:
    """Register an unknown device under `site/unassigned/unassigned/<slug>`; returns the equipment id."""
    unit = Equipment(f"{site_id}/{UNASSIGNED}/{UNASSIGNED}/{slug}", name, assigned=False)
    parts = unit.equipment_id.split("/")
    above = [Equipment("/".join(parts[:depth]), "Unassigned", assigned=False) for depth in (2, 3)]
    insert_ignore(tx, t.equipment, [_row(found, at_us) for found in (*above, unit)])
    alias = {"source": source, "external_id": external_id, "equipment_id": unit.equipment_id}
    insert_ignore(tx, t.equipment_aliases, [alias])
    return unit.equipment_id


def site_ids(tx: Connection) -> set[str]:
    """Every site."""
    return set(tx.execute(select(t.sites.c.site_id)).scalars())


def _row(found: Equipment, at_us: int) -> dict[str, object]:
    return {
        "equipment_id": found.equipment_id,
        "level": LEVELS[found.equipment_id.count("/")],
        "parent_id": found.equipment_id.rpartition("/")[0],
        "name": found.name,
        "machine_type": found.machine_type.value,
        "assigned": found.assigned,
        "constraint_unit": False,
        "position": 0,
        "created_us": at_us,
    }
