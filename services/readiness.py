"""What a machine's data are good for: OEE, prediction, traceability. What is missing is named."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Select, select

from data.store import tables as t
from domain.clock import DAY
from domain.equipment import line_of
from domain.model_gates import Stage
from domain.state_sources import STATE_METRICS
from domain.telemetry import METRICS
from models.features.bins import GAUGES
from services.queries.common import under
from services.rows.data_quality import Missing

BACK_US = 7 * DAY  # what has not been said for a week is not there
_SENSORS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Facts:
    """Which machines and lines of a site have what; `heard` are metric names by machine.

    A machine that was never maintained is no gap: its line has maintenance orders, or it has none.
    """

    heard: Mapping[str, frozenset[str]]
    rated: frozenset[str]
    ordered: frozenset[str]
    without_product: frozenset[str]
    planned_lines: frozenset[str]
    inspected: frozenset[str]
    without_lot: frozenset[str]
    maintained_lines: frozenset[str]
    model_types: frozenset[str]


_lot_of_order = select(t.lot_uses.c.use_id).where(
    t.lot_uses.c.order_id == t.operations.c.order_id, t.lot_uses.c.instance == t.operations.c.instance
)


def facts(tx: Connection, site_id: str, now_us: int) -> Facts:
    """Read what the machines of a site have."""
    since = now_us - BACK_US
    o, s, q = t.operations.c, t.shifts.c, t.quality_results.c
    current = select(o.equipment_id).where(o.start_us <= now_us, (o.end_us.is_(None)) | (o.end_us > since))
    return Facts(
        heard=_heard(tx, site_id, since),
        rated=_ids(tx, select(t.product_rates.c.equipment_id)),
        ordered=_ids(tx, current),
        without_product=_ids(tx, current.where(o.product_id == "")),
        planned_lines=_ids(tx, select(s.line_id).where(s.end_us > since)),
        inspected=_ids(tx, select(q.equipment_id).where(q.at_us > since, q.order_id.is_not(None))),
        without_lot=_ids(tx, current.where(~_lot_of_order.exists())),
        maintained_lines=frozenset(line_of(one) for one in _ids(tx, select(t.maintenance.c.equipment_id))),
        model_types=_model_types(tx),
    )


def for_oee(found: Facts, equipment_id: str) -> tuple[Missing, ...]:
    """What is missing for the OEE of a machine."""
    heard = found.heard.get(equipment_id, frozenset())
    return _those(
        (
            bool(heard & set(STATE_METRICS)) or "good_count" in heard,
            "No state and no parts counter",
            "Let the machine send state, running or good_count",
        ),
        ("good_count" in heard, "No parts counter", "Map a counter of good parts (good_count)"),
        (
            "scrap_count" in heard or equipment_id in found.inspected,
            "No scrap",
            "Map a counter of scrap, or read quality results",
        ),
        (
            equipment_id in found.rated,
            "No planned cycle time",
            "Enter it in the routing of its products in the MES",
        ),
        _has_order(found, equipment_id),
        (
            line_of(equipment_id) in found.planned_lines,
            "No shift plan",
            "Read the MES's shifts, or enter a calendar under Improve",
        ),
    )


def for_prediction(found: Facts, equipment_id: str, machine_type: str) -> tuple[Missing, ...]:
    """What is missing for the failure model of a machine."""
    heard = found.heard.get(equipment_id, frozenset())
    silent = [METRICS[name].label for name in GAUGES if name not in heard]
    named = ", ".join(silent[:_SENSORS_SHOWN]) + (
        f" and {len(silent) - _SENSORS_SHOWN} more" if len(silent) > _SENSORS_SHOWN else ""
    )
    return _those(
        (
            machine_type in found.model_types,
            "No model for this kind of machine",
            "Train one for it (docs/models.md)",
        ),
        (not silent, f"No values: {named}", "Map these sensors; without one the model sees less"),
        (
            bool(heard & set(STATE_METRICS)),
            "No state",
            "Without it the model cannot tell running from standing",
        ),
        (
            line_of(equipment_id) in found.maintained_lines,
            "No maintenance history",
            "Read maintenance orders from the MES",
        ),
    )


def for_traceability(found: Facts, equipment_id: str) -> tuple[Missing, ...]:
    """What is missing to say which order, product and lots a part belongs to, and whether it was good."""
    return _those(
        _has_order(found, equipment_id),
        (
            equipment_id not in found.without_product,
            "Orders without a product",
            "Complete the order in the MES",
        ),
        (
            equipment_id not in found.without_lot,
            "Orders without a lot",
            "Book the lots of material to the order in the MES, or map them (lot_uses)",
        ),
        (
            equipment_id in found.inspected,
            "No inspection results by order",
            "Read quality results from the MES",
        ),
    )


def _has_order(found: Facts, equipment_id: str) -> tuple[bool, str, str]:
    return (
        equipment_id in found.ordered,
        "No order for a week",
        "Book operations to the machine in the MES, or map them",
    )


def _those(*checks: tuple[bool, str, str]) -> tuple[Missing, ...]:
    return tuple(Missing(what, todo) for there, what, todo in checks if not there)


def _ids(tx: Connection, query: Select[str]) -> frozenset[str]:
    return frozenset(tx.execute(query.distinct()).scalars())


def _heard(tx: Connection, site_id: str, since: int) -> dict[str, frozenset[str]]:
    m, n = t.metrics.c, t.latest.c
    rows = tx.execute(
        select(m.equipment_id, m.name)
        .join_from(t.metrics, t.latest, n.metric_id == m.metric_id)
        .where(under(m.equipment_id, site_id), n.source_us > since)
    )
    found: dict[str, set[str]] = {}
    for equipment_id, name in rows:
        found.setdefault(equipment_id, set()).add(name)
    return {equipment_id: frozenset(names) for equipment_id, names in found.items()}


def _model_types(tx: Connection) -> frozenset[str]:
    v = t.model_versions.c
    cards: Iterable[str] = tx.execute(select(v.card).where(v.stage == Stage.CHAMPION)).scalars()
    return frozenset(kind for card in cards for kind in json.loads(card).get("window", {}).get("groups", ()))
