"""The desk of bench decide: one real case made by the recommender, and copies of it, past and open."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from auth.permissions import Role
from data.store import audit as audit_store
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE, Clock, wall_us
from domain.evidence import canonical
from domain.ids import new_id
from runtime import demo_site
from services import audit, bootstrap, clocks
from services.recommend import Recommender
from simulator.layout import demo, parts

SITE, PASSWORD = "north", "only for this bench"
MODEL, VERSION = "plant_failure", "bench"
CHUNK = 500
ENDS = (("judged", "degraded"), ("judged", "nothing_found"), ("rejected", ""), ("expired", ""))
SAID = ("proposed", "seen", "comment", "approved", "sent to mes.line-1", "recorded the outcome")


def fill(database: Database, past: int, waiting: int) -> None:
    """Fill an empty database. The open cases can be approved at once."""
    layout, now = demo(), wall_us()
    demo_site.place(database, layout, {})
    with database.write() as tx:
        clocks.write(tx, SITE, Clock(now, now))
        for line in layout.lines:
            shift = {"instance": line.instance, "line_id": line.equipment_id, "name": "Day", "shift_id": "s"}
            times = {"start_us": now - HOUR, "end_us": now + 5 * HOUR, "frozen_us": now, "updated_us": now}
            tx.execute(insert(t.shifts).values(**shift, **times, break_s=0))
        machine = next(u for u in layout.units if u.machine_type == "cnc").equipment_id
        prediction_id = _predicted(tx, machine, now)
        for part in parts():
            row = {
                "module": "stock",
                "part_id": part.part_id,
                "name": part.part_id,
                "on_hand": 9,
                "reserved": 0,
            }
            row |= {"lead_time_s": 86_400, "price_cents": 10_000, "updated_us": now}
            tx.execute(insert(t.stock).values(row))
    bootstrap.add_account(database, "supervisor", "Supervisor", [Role.SUPERVISOR], [SITE], PASSWORD)
    case_id = Recommender(database).consider(prediction_id).case_id
    units = [u.equipment_id for u in layout.units]
    with database.write() as tx:
        c = t.cases.c
        case = dict(tx.execute(select(t.cases).where(c.case_id == case_id)).mappings().one())
        orders = [
            dict(r) for r in tx.execute(select(t.commands).where(t.commands.c.case_id == case_id)).mappings()
        ]
        tx.execute(update(t.cases).where(c.case_id == case_id).values(deadline_us=now + 6 * HOUR))
        _copy(tx, case, orders, units, past, now)
        _open(tx, case, orders, units, waiting - 1, past, now)


def _predicted(tx: Connection, machine: str, now: int) -> str:
    """A scored and explained prediction of a machine at risk, with a day of readings behind it."""
    prediction_id, at = new_id(), now - MINUTE
    tx.execute(
        insert(t.model_versions).values(
            name=MODEL, version=VERSION, capability="failure", path="", sha256="", feature_version="1",
            stage="champion",
            card='{"name":"plant_failure","limits":["A bench."],"horizon":24,'
            '"data":{"failures":500,"simulated":false}}',
            registered_wall_us=now,
        )
    )  # fmt: skip
    tx.execute(
        insert(t.predictions).values(
            prediction_id=prediction_id, equipment_id=machine, at_us=at, made_wall_us=now, status="scored",
            reason="", model_name=MODEL, model_version=VERSION, feature_version="1", window_hash="0" * 64,
            window_from_us=at - 16 * HOUR, window_to_us=at, horizon_s=86_400, life_unit="operating hours",
            probability=0.85, rul=9.0, rul_low=4.0, rul_high=18.0, above_threshold=True,
        )
    )  # fmt: skip
    metrics = ("envelope_high", "vibration_kurtosis", "temperature", "load", "current", "speed")
    for k, metric in enumerate(metrics):
        key = {"equipment_id": machine, "name": metric, "unit": "1", "kind": "gauge"}
        metric_id = tx.execute(insert(t.metrics).values(**key).returning(t.metrics.c.metric_id)).scalar_one()
        rows = [
            {"metric_id": metric_id, "source_us": now - n * MINUTE, "value": 2.0 + k + n % 7, "quality": 192,
             "receive_us": now - n * MINUTE}
            for n in range(1, 24 * 60)
        ]  # fmt: skip
        tx.execute(insert(t.readings), rows)
        tx.execute(insert(t.latest).values(rows[0]))
        for segment in range(4):
            end = at - (3 - segment) * 4 * HOUR
            value = 0.6 if (metric, segment) == ("envelope_high", 3) else 0.01
            tx.execute(
                insert(t.contributions).values(
                    prediction_id=prediction_id, metric=metric, segment=segment, from_us=end - 4 * HOUR,
                    to_us=end, value=value, observed=4.0, usual=2.0,
                )
            )  # fmt: skip
    tx.execute(
        insert(t.explanations).values(
            prediction_id=prediction_id, base_value=0.02, output_value=0.85, additivity_error=0.0,
            background="healthy", method="shap", made_wall_us=now,
        )
    )  # fmt: skip
    return prediction_id


def _clone(case: Mapping[str, Any], orders: list[dict[str, Any]], number: int, unit: str) -> tuple[
    dict[str, Any], list[dict[str, Any]]
]:  # fmt: skip
    case_id = new_id()
    ids = {row["command_id"]: new_id() for row in orders}
    rows = [
        {
            **row,
            "command_id": ids[row["command_id"]],
            "case_id": case_id,
            "business_key": row["business_key"].replace(str(case["number"]), str(number)),
            "depends_on": ids.get(row["depends_on"]),
        }
        for row in orders
    ]
    key = f"{unit}|{case['cause']}|{number}"
    return {**case, "case_id": case_id, "number": number, "equipment_id": unit, "open_key": key}, rows


def _copy(
    tx: Connection, case: dict[str, Any], orders: list[dict[str, Any]], units: list[str], count: int, now: int
) -> None:
    """Past cases, each with its orders, receipts, signature, outcome and six entries of the audit."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for n in range(count):
        state, finding = ENDS[n % len(ENDS)]
        at = now - DAY - (count - n) * 20 * MINUTE
        old, commands = _clone(case, orders, 10_000 + n, units[n % len(units)])
        old |= {"state": state, "open_key": None, "opened_us": at, "closed_us": at + HOUR, "reason": "past"}
        old |= {"opened_wall_us": at, "deadline_us": at + 2 * HOUR}
        decided = {"decided_by": "somebody", "decided_us": at + HOUR, "decided_wall_us": at + HOUR}
        rows.setdefault("cases", []).append(old | (decided if state in ("judged", "rejected") else {}))
        for command in commands:
            rows.setdefault("commands", []).append(command | {"state": "done" if finding else "cancelled"})
            if finding:
                rows.setdefault("receipts", []).append(_receipt(command, at))
        if finding:
            rows.setdefault("outcomes", []).append(
                {"case_id": old["case_id"], "finding": finding, "cause": case["cause"], "reported_by": "mes",
                 "at_us": at + HOUR, "reported_wall_us": at + HOUR}
            )  # fmt: skip
            rows.setdefault("signatures", []).append(
                {"signature_id": new_id(), "case_id": old["case_id"], "account_id": "somebody",
                 "printed_name": "Somebody", "meaning": "I release these orders.", "signed_wall_us": at,
                 "record_hash": "0" * 64}
            )  # fmt: skip
    for name, table in (
        ("cases", t.cases), ("commands", t.commands), ("receipts", t.receipts), ("outcomes", t.outcomes),
        ("signatures", t.signatures),
    ):  # fmt: skip
        _insert(tx, table, rows[name])
    _insert(tx, t.audit, list(_entries(tx, [row["case_id"] for row in rows["cases"]], now)))


def _receipt(command: Mapping[str, Any], at: int) -> dict[str, Any]:
    return {
        "receipt_id": new_id(), "sender": command["queue"], "command_id": command["command_id"],
        "business_key": command["business_key"], "status": "done", "detail": "", "finding": None,
        "found_cause": "", "at_us": at + HOUR, "received_wall_us": at + HOUR,
    }  # fmt: skip


def _entries(tx: Connection, case_ids: list[str], now: int) -> Iterator[dict[str, Any]]:
    """Six entries a case, chained as the audit chains them."""
    previous = audit_store.head(tx)
    for case_id in case_ids:
        for action in SAID:
            row = {
                "wall_us": now, "plant_us": now, "actor": audit.SYSTEM, "action": action,
                "subject_kind": "case", "subject_id": case_id, "detail": canonical({"text": "past"}),
                "previous_hash": previous,
            }  # fmt: skip
            row["hash"] = previous = audit.digest(row)
            yield row


def _open(
    tx: Connection, case: dict[str, Any], orders: list[dict[str, Any]], units: list[str], count: int,
    past: int, now: int,
) -> None:  # fmt: skip
    made = [_clone(case, orders, 20_000 + past + n, units[n % len(units)]) for n in range(count)]
    deadline = {"deadline_us": now + 6 * HOUR}
    _insert(tx, t.cases, [row | deadline for row, _ in made])
    _insert(tx, t.commands, [command for _, commands in made for command in commands])


def _insert(tx: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    for k in range(0, len(rows), CHUNK):
        tx.execute(insert(table), rows[k : k + CHUNK])
