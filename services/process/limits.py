"""Which validated limits hold for a setting: a machine's own go before those of its line."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, true

from data.store import process as store
from data.store import tables as t
from domain.equipment import line_of
from domain.evidence import Evidence, Payload
from domain.messages import CommandKind, SetPointChange
from domain.process import Limits
from services.queries.common import under

GONE = "no validated limits hold for this setting any more"
CHANGED = "the validated limits have changed and do not allow this value"
Held = tuple[str, Limits]  # the place that they were entered for, and they


class InForce:
    """The limits of a part of a plant, read once."""

    def __init__(self, rows: Mapping[store.Key, Mapping[str, Any]]) -> None:
        self._rows = rows

    @classmethod
    def read(cls, tx: Connection, place: str = "") -> "InForce":
        """Those of the part of a plant that a place lies in; of everything without one."""
        return cls(store.limits(tx, under(t.parameter_limits.c.scope, place) if place else true()))

    def of(self, unit: str, product_id: str, parameter: str) -> Held | None:
        """What holds for a machine; None without validated limits, or where they were taken back."""
        for scope in (unit, line_of(unit)):
            row = self._rows.get((scope, product_id, parameter))
            if row is not None and row["active"]:
                return scope, limits_of(row)
        return None

    def exactly(self, scope: str, product_id: str, parameter: str) -> Limits | None:
        """What was entered for this very place and holds."""
        row = self._rows.get((scope, product_id, parameter))
        return limits_of(row) if row is not None and row["active"] else None

    def entered_by(self, scope: str, product_id: str, parameter: str) -> str:
        """The account that entered the newest version at exactly this place; "" without one."""
        row = self._rows.get((scope, product_id, parameter))
        return "" if row is None else str(row["set_by"])

    def version(self, scope: str, product_id: str, parameter: str) -> int:
        """The newest version at exactly this place; 0 without one."""
        row = self._rows.get((scope, product_id, parameter))
        return 0 if row is None else int(row["version"])


def limits_of(row: Mapping[str, Any]) -> Limits:
    """From a row of `parameter_limits`."""
    return Limits(row["low"], row["high"], row["unit"], row["validated_by"], row["version"])


def objection(tx: Connection, asked: SetPointChange) -> str:
    """Why the limits that hold now do not allow what is asked for; "" while they do."""
    unit = asked.equipment_id
    found = InForce.read(tx, line_of(unit)).of(unit, asked.product_id, asked.parameter)
    if found is None or found[1].unit != asked.unit:
        return GONE
    return "" if found[1].holds(asked.to_value) else CHANGED


def who_entered(held: InForce, case: Mapping[str, Any]) -> str:
    """The account that entered the limits which hold for the setting of a case; "" without limits."""
    move, unit = Evidence.from_json(case["evidence"]).setting, case["equipment_id"]
    found = held.of(unit, move.product_id, move.parameter) if move is not None else None
    if move is None or found is None:
        return ""
    return held.entered_by(found[0], move.product_id, move.parameter)


def outdated(tx: Connection, command_ids: Sequence[str]) -> dict[str, str]:
    """Which of these commands ask for a set point that the limits do not allow any more, and why."""
    c = t.commands.c
    mine = (c.command_id.in_(command_ids), c.kind == CommandKind.SET_POINT_CHANGE.value)
    found = {}
    for command_id, payload in tx.execute(select(c.command_id, c.payload).where(*mine)):
        asked = Payload.from_json(payload).work
        if isinstance(asked, SetPointChange) and (why := objection(tx, asked)):
            found[command_id] = why
    return found
