"""Schedules of reports: make, pause, resume, remove, and try a failed one again. Each act is audited."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from auth.permissions import Actor, Permission
from data.store import tables as t
from data.store.database import Database
from domain.clock import wall_us
from domain.equipment import site_of
from domain.errors import Conflict, InvalidInput, NotFound, NotNow
from domain.ids import new_id
from domain.reporting import Delivery, Plan
from services import audit, clocks
from services.actors import fresh
from services.queries.common import in_scope

MOST_SCHEDULES = 50


class ReportCommands:
    """Acts of those who may schedule, within their scopes. `mail`: a mail server is set."""

    def __init__(self, database: Database, *, mail: bool) -> None:
        self._database, self.mail = database, mail

    def schedule(self, actor: Actor, plan: Plan) -> str:
        """Make a schedule; the first report is that of the first period that ends from now on."""
        if plan.delivery is Delivery.MAIL and not self.mail:
            raise NotNow("no mail server is set (TAKTWISE_SMTP_URL)")
        with self._database.write() as tx:
            person = fresh(tx, actor)
            person.require(Permission.SCHEDULE_REPORTS, plan.scope)
            site_id = site_of(plan.scope)
            now_us = clocks.read(tx, site_id).plant_us()
            _check(tx, plan.scope, site_id)
            schedule_id = new_id()
            values = {
                "site_id": site_id, "scope": plan.scope, "kind": plan.kind.value,
                "formats": ",".join(f.value for f in plan.formats), "delivery": plan.delivery.value,
                "target": ",".join(plan.target), "delay_us": plan.delay_us,
            }  # fmt: skip
            tx.execute(
                insert(t.report_schedules).values(
                    schedule_id=schedule_id, **values, state="active", since_us=now_us,
                    created_by=person.account_id, created_wall_us=wall_us(),
                )
            )  # fmt: skip
            _note(tx, person, "scheduled a report", schedule_id, now_us, values)
        return schedule_id

    def set_state(self, actor: Actor, schedule_id: str, state: str) -> None:
        """`active`, `paused`, or `removed` for ever. What falls due while paused is made on resuming."""
        if state not in ("active", "paused", "removed"):
            raise InvalidInput("a schedule is active, paused or removed")
        with self._database.write() as tx:
            person, row = _mine(tx, actor, schedule_id)
            if row["state"] == "removed":
                raise NotNow("this schedule was removed")
            s = t.report_schedules
            tx.execute(update(s).where(s.c.schedule_id == schedule_id).values(state=state))
            now_us = clocks.read(tx, row["site_id"]).plant_us()
            detail = {"before": row["state"], "after": state}
            _note(tx, person, "changed a scheduled report", schedule_id, now_us, detail)

    def try_again(self, actor: Actor, run_id: str) -> None:
        """Let a report that failed for good be made once more."""
        r = t.report_runs
        with self._database.write() as tx:
            row = tx.execute(select(r).where(r.c.run_id == run_id)).mappings().first()
            if row is None:
                raise NotFound("there is no such report")
            person, schedule = _mine(tx, actor, row["schedule_id"])
            again = {"state": "waiting", "attempts": 0, "next_try_wall_us": wall_us()}
            failed = (r.c.run_id == run_id) & (r.c.state == "failed")
            if tx.execute(update(r).where(failed).values(**again)).rowcount != 1:
                raise Conflict("this report is under way already")
            now_us = clocks.read(tx, schedule["site_id"]).plant_us()
            _note(tx, person, "tried a report again", row["schedule_id"], now_us, {"run": run_id})


def _check(tx: Connection, scope: str, site_id: str) -> None:
    e, s = t.equipment.c, t.report_schedules.c
    level = tx.execute(select(e.level).where(e.equipment_id == scope)).scalar()
    if level not in ("site", "area", "line"):
        raise InvalidInput("a report is about a site, an area or a line")
    mine = select(s.schedule_id).where(s.site_id == site_id, s.state != "removed")
    if len(tx.execute(mine).all()) >= MOST_SCHEDULES:
        raise NotNow(f"a site has at most {MOST_SCHEDULES} schedules; remove one first")


def _mine(tx: Connection, actor: Actor, schedule_id: str) -> tuple[Actor, Mapping[str, Any]]:
    """The person as of now, and the schedule if it lies within the person's scopes."""
    person = fresh(tx, actor)
    person.require(Permission.SCHEDULE_REPORTS)
    s = t.report_schedules.c
    query = select(t.report_schedules).where(s.schedule_id == schedule_id, in_scope(s.scope, person))
    row = tx.execute(query).mappings().first()
    if row is None:
        raise NotFound("there is no such schedule")
    return person, dict(row)


def _note(
    tx: Connection, person: Actor, action: str, schedule_id: str, now_us: int, detail: Mapping[str, Any]
) -> None:
    audit.append(
        tx,
        actor=person.account_id,
        action=action,
        subject_kind="report_schedule",
        subject_id=schedule_id,
        plant_us=now_us,
        detail=detail,
    )
