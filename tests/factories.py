"""Rows for tests: each factory inserts one real row (or a small group) and returns its key.

Everything has a default, so that a test names only what it is about. Additive: extend, do not change.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, insert, select

from auth import passwords
from auth.permissions import Actor, Role
from data.store import tables as t
from data.store.upsert import insert_ignore, upsert
from domain.clock import DAY, HOUR, MINUTE, SECOND, wall_us
from domain.equipment import LEVELS
from domain.evidence import Alternative, Evidence, ProposedCommand, alternatives_to_json
from domain.ids import new_id
from domain.messages import CommandKind, MaintenanceOrder, Reservation
from domain.telemetry import METRICS

NOW = 1_795_255_200 * SECOND  # 2026-11-21 10:00 UTC
PASSWORD = "right horse battery"
CNC = "north/machining/line-1/cnc-11"
PRESS = "north/forming/line-2/press-21"


@cache
def password_hash() -> str:
    """The hash of PASSWORD; made once, it is slow on purpose."""
    return passwords.hash_password(PASSWORD)


def site(tx: Connection, site_id: str = "north", *, now_us: int = NOW, speed: float = 1.0) -> str:
    """A site whose clock shows `now_us` at this moment."""
    row = {"site_id": site_id, "name": f"Plant {site_id.capitalize()}", "time_zone": "Europe/Berlin"}
    tx.execute(insert(t.sites).values(**row, currency="EUR", shadow=False, virtual=True))
    clock = {"origin_plant_us": now_us, "origin_wall_us": wall_us(), "speed": speed}
    tx.execute(insert(t.clocks).values(site_id=site_id, **clock))
    return site_id


def machine(tx: Connection, equipment_id: str = CNC, name: str = "", machine_type: str = "cnc") -> str:
    """A unit with the site, area and line above it."""
    parts = equipment_id.split("/")
    for depth in range(1, len(parts) + 1):
        unit = depth == len(LEVELS)
        segment = parts[depth - 1]
        row = {
            "equipment_id": "/".join(parts[:depth]),
            "level": LEVELS[depth - 1],
            "parent_id": "/".join(parts[: depth - 1]) or None,
            "name": (name or segment.upper()) if unit else segment.replace("-", " ").capitalize(),
            "machine_type": machine_type if unit else "other",
            "assigned": True,
            "constraint_unit": unit,
            "position": depth,
            "target_oee": None,
            "created_us": NOW - 100 * DAY,
        }
        insert_ignore(tx, t.equipment, [row])
    return equipment_id


def account(
    tx: Connection,
    username: str = "sue",
    roles: Sequence[Role] = (Role.SUPERVISOR,),
    scopes: Sequence[str] = ("north",),
    *,
    name: str = "",
    active: bool = True,
) -> Actor:
    """An account with PASSWORD, and its actor."""
    actor = Actor(new_id(), username, name or username.capitalize(), frozenset(roles), tuple(scopes))
    tx.execute(
        insert(t.accounts).values(
            account_id=actor.account_id,
            username=username,
            name=actor.name,
            password_hash=password_hash(),
            roles=",".join(sorted(r.value for r in roles)),
            scopes=",".join(scopes),
            active=active,
            created_wall_us=wall_us(),
        )
    )
    return actor


def prediction(tx: Connection, equipment_id: str = CNC, at_us: int = NOW - 5 * MINUTE, **changes: Any) -> str:
    """A scored prediction, above threshold unless `probability` is low; None: not known yet."""
    chance = changes.get("probability", 0.62)
    row: dict[str, Any] = {
        "prediction_id": new_id(),
        "equipment_id": equipment_id,
        "at_us": at_us,
        "made_wall_us": wall_us(),
        "status": "not_known" if chance is None else "scored",
        "reason": "the window is not full yet" if chance is None else "",
        "model_name": "plant_failure",
        "model_version": "1.0.0",
        "feature_version": "plant-1",
        "window_hash": "ab" * 32,
        "window_from_us": at_us - 16 * HOUR,
        "window_to_us": at_us,
        "horizon_s": 24 * 3600,
        "life_unit": "operating hours",
        "probability": chance,
        "rul": None if chance is None else 9.0,
        "rul_low": None if chance is None else 6.0,
        "rul_high": None if chance is None else 11.0,
        "above_threshold": chance is not None and chance >= 0.5,
    }
    row.update(changes)
    tx.execute(insert(t.predictions).values(**row))
    return str(row["prediction_id"])


def explanation(
    tx: Connection, prediction_id: str, moved: Mapping[str, Sequence[float]] | None = None, base: float = 0.02
) -> None:
    """SHAP values by sensor, one per 4 h segment, oldest first."""
    p = t.predictions.c
    end = tx.execute(select(p.window_to_us).where(p.prediction_id == prediction_id)).scalar_one()
    moved = moved or {
        "envelope_high": (0.01, 0.04, 0.09, 0.24),
        "vibration_kurtosis": (0.0, 0.02, 0.05, 0.12),
        "temperature": (0.0, 0.01, 0.02, 0.06),
        "load": (-0.01, -0.02, -0.01, -0.02),
    }
    rows = [
        {
            "prediction_id": prediction_id,
            "metric": metric,
            "segment": k,
            "from_us": end - (4 - k) * 4 * HOUR,
            "to_us": end - (3 - k) * 4 * HOUR,
            "value": value,
            "observed": 4.1 + k,
            "usual": 2.5,
        }
        for metric, values in moved.items()
        for k, value in enumerate(values)
    ]
    tx.execute(insert(t.contributions), rows)
    total = base + sum(sum(values) for values in moved.values())
    tx.execute(
        insert(t.explanations).values(
            prediction_id=prediction_id,
            base_value=base,
            output_value=total,
            additivity_error=0.0004,
            background="100 healthy windows of CNC machines",
            method="GradientExplainer",
            made_wall_us=wall_us(),
        )
    )


def readings(
    tx: Connection, equipment_id: str, metric: str, points: Sequence[tuple[int, float]], quality: int = 192
) -> int:
    """A metric with its readings; the newest becomes `latest`. Returns the metric's id."""
    key = {"equipment_id": equipment_id, "name": metric, "unit": METRICS[metric].unit, "kind": "gauge"}
    metric_id = tx.execute(insert(t.metrics).values(**key)).inserted_primary_key[0]
    rows = [
        {"metric_id": metric_id, "source_us": at, "value": value, "quality": quality, "receive_us": at}
        for at, value in points
    ]
    tx.execute(insert(t.readings), rows)
    tx.execute(insert(t.latest).values(**rows[-1]))
    return int(metric_id)


def more_readings(
    tx: Connection, equipment_id: str, metric: str, points: Sequence[tuple[int, float]]
) -> None:
    """Further good readings of a metric that is there; the last becomes `latest`."""
    m = t.metrics.c
    query = select(m.metric_id).where(m.equipment_id == equipment_id, m.name == metric)
    metric_id = tx.execute(query).scalar_one()
    rows = [
        {"metric_id": metric_id, "source_us": at, "value": value, "quality": 192, "receive_us": at}
        for at, value in points
    ]
    tx.execute(insert(t.readings), rows)
    tx.execute(t.latest.update().where(t.latest.c.metric_id == metric_id).values(**rows[-1]))


def wave(
    from_us: int, to_us: int, start: float, end: float, step_us: int = 5 * MINUTE
) -> list[tuple[int, float]]:
    """A drifting, slightly wavy signal."""
    span = max(1, to_us - from_us)
    return [
        (
            at,
            start
            + (end - start) * ((at - from_us) / span) ** 2
            + 0.04 * start * math.sin(at / (37 * MINUTE)),
        )
        for at in range(from_us, to_us, step_us)
    ]


def alternatives(now_us: int = NOW) -> tuple[Alternative, ...]:
    """Five choices, the shift change advised."""
    rows = (
        ("shift_change", "At 15:00, shift change", 4 * HOUR, 42_000, 31_000, 78_000, True),
        ("inspect_first", "Inspect first, 10 min", HOUR, 61_000, 40_000, 150_000, False),
        ("now", "Now", 15 * MINUTE, 115_000, 100_000, 145_000, False),
        ("wait_for_alarm", "Wait for the limit alarm", None, 260_000, 75_000, 520_000, False),
        ("run_to_failure", "Run to failure", None, 690_000, 430_000, 910_000, False),
    )
    return tuple(
        Alternative(key, label, None if d is None else now_us + d, 2_100, cost, low, high, True, "", advised)
        for key, label, d, cost, low, high, advised in rows
    )


def evidence(
    equipment_id: str = CNC, prediction_id: str | None = None, at_us: int = NOW, **changes: Any
) -> Evidence:
    """What a card shows."""
    fields: dict[str, Any] = {
        "equipment_id": equipment_id,
        "equipment_name": "CNC-11",
        "cause": "bearing",
        "cause_label": "worn bearing",
        "words": "CNC-11 will probably fail within 6 to 11 operating hours. Its vibration envelope has risen "
        "from 2.1 to 4.4 m/s\u00b2 since yesterday evening, faster since 06:00.",
        "prediction_id": prediction_id,
        "model_name": "plant_failure",
        "model_version": "1.0.0",
        "feature_version": "plant-1",
        "at_us": at_us,
        "data_us": at_us,
        "window_from_us": at_us - 16 * HOUR,
        "window_to_us": at_us,
        "horizon_s": 24 * 3600,
        "probability": 0.62,
        "base": 0.02,
        "rul": 9.0,
        "rul_low": 6.0,
        "rul_high": 11.0,
        "life_unit": "operating hours",
        "main_metric": "envelope_high",
        "moved": (),
        "against": ("Last maintenance 12 days ago (usual life 40 days).",),
        "would_change": ("Vibration envelope back under 2.6 m/s\u00b2 for two hours: risk about 14 of 100.",),
        "similar": (),
        "similar_words": (),
        "limits": ("About half of all failures come without a warning that sensors could show.",),
        "assumptions": ("A minute of standstill costs 18 on this line.",),
    }
    return Evidence(**(fields | changes))


def case(
    tx: Connection, equipment_id: str = CNC, number: int = 2211, *, now_us: int = NOW, **changes: Any
) -> str:
    """An open case with its evidence, choices and two proposed orders. `changes` are columns."""
    told = evidence(equipment_id, changes.get("prediction_id"), now_us - 5 * MINUTE).to_json()
    row: dict[str, Any] = {
        "case_id": new_id(),
        "number": number,
        "site_id": equipment_id.split("/", 1)[0],
        "equipment_id": equipment_id,
        "kind": "failure_risk",
        "cause": "bearing",
        "state": "proposed",
        "version": 1,
        "attention": False,
        "open_key": f"{equipment_id}|bearing|{number}",
        "title": "Replace the spindle bearing on CNC-11 at the 15:00 shift change",
        "opened_us": now_us - 4 * MINUTE,
        "opened_wall_us": wall_us(),
        "deadline_us": now_us + 42 * MINUTE,
        "default_action": "Nothing is sent; the limit alarm and the plant's own rules stay in force.",
        "permission": "decide",
        "proposed_by": "plant_failure 1.0.0",
        "prediction_id": None,
        "evidence_us": now_us - 5 * MINUTE,
        "evidence": told,
        "evidence_hash": "cd" * 32,
        "alternatives": alternatives_to_json(alternatives(now_us)),
        "advised": "shift_change",
        "cost_cents": 42_000,
        "benefit_cents": 218_000,
        "benefit_low_cents": 30_000,
        "benefit_high_cents": 470_000,
        "decided_by": None,
        "decided_us": None,
        "decided_wall_us": None,
        "reason": "",
        "closed_us": None,
    }
    row.update(changes)
    tx.execute(insert(t.cases).values(**row))
    for proposed in orders(equipment_id, number, now_us):
        command(tx, row["case_id"], proposed)
    return str(row["case_id"])


def orders(equipment_id: str, number: int, now_us: int = NOW) -> tuple[ProposedCommand, ProposedCommand]:
    """A maintenance order and the reservation of its part."""
    line, start = equipment_id.split("/")[2], now_us + 4 * HOUR
    work = MaintenanceOrder(
        equipment_id, start, 2_100, "Replace the spindle bearing", "mechanics", "BRG-6204", "bearing"
    )
    part = Reservation("BRG-6204", 1, start, equipment_id)
    return (
        ProposedCommand(
            0,
            f"mes.{line}",
            CommandKind.MAINTENANCE_ORDER,
            work,
            f"case-{number}-maintenance",
            "Maintenance order CNC-11, 15:00, 35 min, technician with skill mechanics",
        ),
        ProposedCommand(
            1,
            "erp.stock",
            CommandKind.RESERVATION,
            part,
            f"case-{number}-reservation",
            "Reserve 1 x bearing BRG-6204 (3 on hand)",
            depends_on=0,
        ),
    )


def command(tx: Connection, case_id: str, proposed: ProposedCommand, **changes: Any) -> str:
    """One order of a case, only proposed unless said."""
    row: dict[str, Any] = {
        "command_id": new_id(),
        "case_id": case_id,
        "position": proposed.position,
        "queue": proposed.queue,
        "kind": proposed.kind.value,
        "state": "proposed",
        "business_key": proposed.business_key,
        "payload": proposed.payload(),
        "depends_on": None,
        "cancels": None,
        "detail": "",
        "changed_wall_us": wall_us(),
    }
    row.update(changes)
    tx.execute(insert(t.commands).values(**row))
    return str(row["command_id"])


def receipt(tx: Connection, command_id: str, status: str = "accepted", **changes: Any) -> str:
    """An answer of a receiver to an order."""
    row: dict[str, Any] = {
        "receipt_id": new_id(),
        "sender": "mes.line-1",
        "command_id": command_id,
        "business_key": "key",
        "status": status,
        "detail": "",
        "finding": None,
        "found_cause": "",
        "at_us": NOW,
        "received_wall_us": wall_us(),
    }
    row.update(changes)
    tx.execute(insert(t.receipts).values(**row))
    return str(row["receipt_id"])


def did(tx: Connection, equipment_id: str, changes: Sequence[tuple[int, int | None]], to_us: int) -> None:
    """What a machine did, as the figures classify it: (from, state or None) in order, up to `to_us`."""
    ends = [at for at, _ in changes[1:]] + [to_us]
    rows = [
        {
            "equipment_id": equipment_id, "from_us": at, "to_us": end, "leaf": "production",
            "cause": "running", "state": state, "source": "packml", "charged_to": "", "order_id": "",
            "product_id": "", "off_plan": False, "provisional": False,
        }
        for (at, state), end in zip(changes, ends, strict=True)
    ]  # fmt: skip
    tx.execute(insert(t.intervals), rows)
    row = {"equipment_id": equipment_id, "from_us": changes[0][0], "upto_us": to_us}
    upsert(tx, t.kpi_progress, [row], ["equipment_id"])


def absent(tx: Connection, equipment_id: str, from_us: int, to_us: int | None = None) -> None:
    """A machine that was taken out of the plant, and perhaps put back."""
    row = {
        "equipment_id": equipment_id, "from_us": from_us, "to_us": to_us, "out_by": "", "out_wall_us": 0,
        "out_reason": "sold", "back_reason": "",
    }  # fmt: skip
    tx.execute(insert(t.absences).values(**row))
    if to_us is None:
        mine = t.equipment.c.equipment_id == equipment_id
        tx.execute(t.equipment.update().where(mine).values(removed_us=from_us))
