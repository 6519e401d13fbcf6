"""A small plant in rows: one line, two machines, parts, shifts, people, and predictions on demand."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import Connection, insert, select, update

from auth.permissions import Actor, Role
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE, wall_us
from domain.ids import new_id
from domain.messages import Command, CommandState, Finding, Receipt, ReceiptStatus
from tests.kits.pen import QUICK_HASH

SITE, LINE = "north", "north/machining/line-1"
CNC_11, CNC_12 = f"{LINE}/cnc-11", f"{LINE}/cnc-12"
PART = "PRT-CNC-BEARING"
MODEL, VERSION = "plant_failure", "1.0.0"
_ids = count(1)


@dataclass
class Plant:
    """The rows of one plant in one database. Plant time is wall time."""

    database: Database

    def build(self, *, shadow: bool = False, on_hand: int = 3) -> "Plant":
        now = wall_us()
        with self.database.write() as tx:
            tx.execute(
                insert(t.sites).values(
                    site_id=SITE, name="Plant North", time_zone="Europe/Berlin", currency="EUR", shadow=shadow
                )
            )
            tx.execute(
                insert(t.clocks).values(site_id=SITE, origin_plant_us=now, origin_wall_us=now, speed=1.0)
            )
            for unit, level in (
                (SITE, "site"),
                ("north/machining", "area"),
                (LINE, "line"),
                (CNC_11, "unit"),
                (CNC_12, "unit"),
            ):
                self._equipment(tx, unit, level)
            tx.execute(
                insert(t.parts_of_machines).values(
                    machine_type="cnc",
                    cause="bearing",
                    part_id=PART,
                    task="Replace bearings",
                    skill="mechanic",
                    duration_s=3 * 3_600,
                    inspect_s=2_400,
                )
            )
            tx.execute(
                insert(t.stock).values(
                    module="stock",
                    part_id=PART,
                    name="CNC bearing set",
                    on_hand=on_hand,
                    reserved=0,
                    lead_time_s=3 * 86_400,
                    price_cents=76_800,
                    updated_us=now,
                )
            )
            for n in range(8):
                start = now - 4 * HOUR + n * 8 * HOUR
                tx.execute(
                    insert(t.shifts).values(
                        instance="line-1",
                        shift_id=f"s{n}",
                        line_id=LINE,
                        name="Early",
                        start_us=start,
                        end_us=start + 8 * HOUR,
                        break_s=1_800,
                        break_start_us=start + 6 * HOUR,
                        frozen_us=start - DAY,
                        updated_us=now,
                    )
                )
            card = (
                '{"name":"plant_failure","limits":["Half of the failures give no sign."],"horizon":24,'
                '"data":{"failures":500,"simulated":false},"window":{"groups":["cnc"]}}'
            )
            tx.execute(
                insert(t.model_versions).values(
                    name=MODEL,
                    version=VERSION,
                    capability="failure",
                    path="",
                    sha256="",
                    feature_version="1",
                    stage="champion",
                    card=card,
                    registered_wall_us=now,
                )
            )
        return self

    def _equipment(self, tx: Connection, unit: str, level: str) -> None:
        name = unit.rsplit("/", 1)[-1].upper()
        tx.execute(
            insert(t.equipment).values(
                equipment_id=unit,
                level=level,
                parent_id=unit.rpartition("/")[0] or None,
                name=name,
                machine_type="cnc" if level == "unit" else "other",
                assigned=True,
                constraint_unit=False,
                position=0,
                created_us=0,
            )
        )
        if level == "unit":
            tx.execute(
                insert(t.equipment_aliases).values(source="mes:line-1", external_id=name, equipment_id=unit)
            )

    def person(self, *roles: Role, name: str = "", scope: str = SITE) -> Actor:
        n = next(_ids)
        named = name or f"{roles[0].value} {n}"
        actor = Actor(f"acc-{n}", f"user{n}", named, frozenset(roles), (scope,))
        with self.database.write() as tx:
            tx.execute(
                insert(t.accounts).values(
                    account_id=actor.account_id,
                    username=actor.username,
                    name=named,
                    password_hash=QUICK_HASH,
                    roles=",".join(roles),
                    scopes=scope,
                    active=True,
                    created_wall_us=0,
                )
            )
        return actor

    def predict(
        self,
        probability: float = 0.85,
        *,
        at_us: int | None = None,
        unit: str = CNC_11,
        above: bool | None = None,
        metric: str = "envelope_high",
        status: str = "scored",
    ) -> str:
        at = wall_us() if at_us is None else at_us
        prediction_id = new_id()
        scored = status == "scored"
        with self.database.write() as tx:
            tx.execute(
                insert(t.predictions).values(
                    prediction_id=prediction_id,
                    equipment_id=unit,
                    at_us=at,
                    made_wall_us=wall_us(),
                    status=status,
                    reason="",
                    model_name=MODEL,
                    model_version=VERSION,
                    feature_version="1",
                    window_hash="0" * 64,
                    window_from_us=at - 16 * HOUR,
                    window_to_us=at,
                    horizon_s=86_400,
                    life_unit="operating hours",
                    probability=probability if scored else None,
                    rul=9.0 if scored else None,
                    rul_low=4.0 if scored else None,
                    rul_high=18.0 if scored else None,
                    above_threshold=scored and (probability > 0.3 if above is None else above),
                )
            )
            if scored:
                self._explain(tx, prediction_id, probability, at, metric)
        return prediction_id

    def _explain(self, tx: Connection, prediction_id: str, probability: float, at: int, metric: str) -> None:
        base = 0.03
        parts = ((metric, 3, probability - base + 0.06), ("temperature", 3, 0.02), ("load", 2, -0.08))
        tx.execute(
            insert(t.explanations).values(
                prediction_id=prediction_id,
                base_value=base,
                output_value=probability,
                additivity_error=0.0,
                background="healthy cnc",
                method="shap",
                made_wall_us=wall_us(),
            )
        )
        for name, segment, value in parts:
            end = at - (3 - segment) * 4 * HOUR
            tx.execute(
                insert(t.contributions).values(
                    prediction_id=prediction_id,
                    metric=name,
                    segment=segment,
                    from_us=end - 4 * HOUR,
                    to_us=end,
                    value=value,
                    observed=4.2,
                    usual=2.0,
                )
            )

    def case(self, case_id: str | None = None) -> dict[str, Any]:
        c = t.cases.c
        query = select(t.cases).order_by(c.number.desc()).limit(1)
        with self.database.read() as tx:
            return dict(tx.execute(query.where(c.case_id == case_id) if case_id else query).mappings().one())

    def commands(self, case_id: str) -> list[dict[str, Any]]:
        query = select(t.commands).where(t.commands.c.case_id == case_id).order_by(t.commands.c.position)
        return self.rows(query)

    def rows(self, query: Any) -> list[dict[str, Any]]:
        with self.database.read() as tx:
            return [dict(row) for row in tx.execute(query).mappings()]

    def outbox(self) -> list[dict[str, Any]]:
        return self.rows(select(t.outbox).order_by(t.outbox.c.created_wall_us))

    def actions(self, case_id: str) -> list[str]:
        a = t.audit.c
        return [
            r["action"] for r in self.rows(select(a.action).where(a.subject_id == case_id).order_by(a.entry))
        ]

    def age(self, case_id: str, **values: Any) -> None:
        with self.database.write() as tx:
            tx.execute(update(t.cases).where(t.cases.c.case_id == case_id).values(**values))

    def set_stock(self, on_hand: int) -> None:
        with self.database.write() as tx:
            tx.execute(update(t.stock).values(on_hand=on_hand))


def receipt(
    command: Command,
    status: ReceiptStatus,
    *,
    at_us: int = 0,
    finding: Finding | None = None,
    detail: str = "",
) -> Receipt:
    """An answer to a command, as its receiver would give it."""
    return Receipt(
        receipt_id=new_id(),
        sender=command.queue,
        command_id=command.command_id,
        business_key=command.business_key,
        status=status,
        detail=detail,
        at_us=at_us or wall_us(),
        finding=finding,
        found_cause="bearing" if finding else "",
    )


__all__ = ["CNC_11", "CNC_12", "LINE", "MINUTE", "SITE", "CommandState", "Plant", "receipt"]
