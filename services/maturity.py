"""The facts behind the maturity of each machine and failure mode, from what is on record here."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from data.store import model_watch, registry
from data.store import tables as t
from domain.maturity import Facts
from domain.model_gates import Stage

HALF_HOURS_A_DAY = 48
Unit = tuple[str, str]  # equipment id, machine type


@dataclass(frozen=True, slots=True)
class _Speaks:
    """A champion that may speak of a machine type here: failures behind it, and whether its chances hold."""

    learned: int
    holds: bool | None


def facts(tx: Connection, site_id: str, units: Iterable[Unit]) -> dict[Unit, dict[str, Facts]]:
    """By machine and by failure mode that its type is known to have ("" where none is known)."""
    wanted = list(units)
    ids = [unit for unit, _ in wanted]
    days, own, modes = _days(tx, ids), _own(tx, ids), _modes(tx)
    speaks, watched = _speaking(tx, site_id), _watched(tx, site_id)
    nobody = _Speaks(0, None)
    return {
        (unit, kind): {
            cause: Facts(
                days.get(unit, 0.0), speaks.get(kind, nobody).learned, own[unit, cause],
                speaks.get(kind, nobody).holds, kind in watched,
            )
            for cause in modes.get(kind, [""])
        }
        for unit, kind in wanted
    }  # fmt: skip


def fact(tx: Connection, site_id: str, unit: Unit, cause: str) -> Facts:
    """One machine and mode; of a mode that nobody knew before there are no own failures."""
    found = facts(tx, site_id, [unit])[unit]
    any_mode = next(iter(found.values()))
    return found.get(cause, Facts(any_mode.days, any_mode.learned, 0, any_mode.holds, any_mode.watched))


def _days(tx: Connection, ids: list[str]) -> dict[str, float]:
    h = t.half_hours.c
    query = select(h.equipment_id, func.count()).where(h.equipment_id.in_(ids), h.seen > 0)
    return {unit: count / HALF_HOURS_A_DAY for unit, count in tx.execute(query.group_by(h.equipment_id))}


def _own(tx: Connection, ids: list[str]) -> Counter[tuple[str, str]]:
    m = t.maintenance.c
    query = select(m.equipment_id, m.cause).where(
        m.equipment_id.in_(ids), m.kind == "corrective", m.cause.is_not(None), m.start_us.is_not(None)
    )
    return Counter((unit, cause) for unit, cause in tx.execute(query))


def _modes(tx: Connection) -> dict[str, list[str]]:
    p = t.parts_of_machines.c
    found: dict[str, list[str]] = {}
    for kind, cause in tx.execute(
        select(p.machine_type, p.cause).distinct().order_by(p.machine_type, p.cause)
    ):
        found.setdefault(kind, []).append(cause)
    return found


def _speaking(tx: Connection, site_id: str) -> dict[str, _Speaks]:
    """The champion that may speak here, by machine type."""
    found: dict[str, _Speaks] = {}
    for row in registry.versions(tx, (Stage.CHAMPION,)):
        card = json.loads(row["card"])
        speaks = _Speaks(learned(tx, site_id, card), _holds(tx, site_id, row["name"]))
        found |= dict.fromkeys((card.get("window") or {}).get("groups") or (), speaks)
    return found


def _watched(tx: Connection, site_id: str) -> frozenset[str]:
    """The machine types of which a model may say here what is unusual."""
    found: set[str] = set()
    for row in registry.versions(tx, (Stage.CHAMPION,)):
        card = json.loads(row["card"])
        if row["capability"] == "anomaly" and may_speak(tx, site_id, card):
            found |= set(card.get("thresholds") or ())
    return frozenset(found)


def failures_behind(tx: Connection) -> dict[tuple[str, str], int]:
    """By model version: the failures that it has learned from, where its card says so."""
    found = {}
    for row in registry.versions(tx):
        data = json.loads(row["card"]).get("data") or {}
        if "failures" in data:
            found[row["name"], row["version"]] = int(data["failures"])
    return found


def learned(tx: Connection, site_id: str, card: Mapping[str, Any]) -> int:
    """Failures behind a model; none where it may not speak."""
    data = card.get("data") or {}
    return int(data.get("failures") or 0) if may_speak(tx, site_id, card) else 0


def may_speak(tx: Connection, site_id: str, card: Mapping[str, Any]) -> bool:
    """Not where a model's machines were simulated and these are real."""
    s, data = t.sites.c, card.get("data") or {}
    virtual = bool(tx.execute(select(s.virtual).where(s.site_id == site_id)).scalar())
    return virtual or not data.get("simulated", True)


def _holds(tx: Connection, site_id: str, model: str) -> bool | None:
    """Do its chances come as stated, as the newest look found? None: too few cases, or nobody looked."""
    for row in model_watch.looks(tx, site_id):
        if row["model_name"] == model:
            off = json.loads(row["document"])["calibration"]["off"]
            return None if off is None else not off
    return None
