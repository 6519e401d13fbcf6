"""Reports by schedule: which periods fell due, and bringing each to its place once.

Every period of a schedule has one row, made before anything is drawn; the row is leased, the report is
drawn and delivered outside of any transaction, and the row is finished by its lease token. A process
that dies in between leaves the row to the next one: a folder then holds the same file again, a mail
carries the same Message-ID again.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, or_, select, update

from data.sinks.outlet import File, Outlet, Parcel
from data.sinks.port import Ack, Outcome, Retry, Terminal
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import insert_ignore
from data.store.waiting import reached
from domain.clock import DAY, MINUTE, SECOND, wall_us
from domain.errors import NotFound
from domain.ids import new_id
from domain.reporting import (
    LOOK_BACK_US,
    Delivery,
    Format,
    Kind,
    Period,
    calendar_periods,
    day_period,
    local_date,
    shift_period,
    week_period,
)
from services import clocks
from services.floor.facts import nodes
from services.kpi import shift_days
from services.queries.common import under
from services.reports.gather import report
from services.reports.writing import documents
from services.rows.reports import Report

LEASE_US = 5 * MINUTE
FIRST_WAIT_US, LONGEST_WAIT_US = 30 * SECOND, 60 * MINUTE
MOST_ATTEMPTS = 30  # about a day of trying
Row = Mapping[str, Any]


class Scheduled:
    """Makes what is due. Several may run side by side: a lease keeps them apart."""

    def __init__(self, database: Database, outlets: Mapping[Delivery, Outlet]) -> None:
        self._database, self._outlets = database, outlets

    def plan(self) -> int:
        """Write a row for every period that fell due; returns how many are new."""
        with self._database.read() as tx:
            rows = [run for schedule in _active(tx) for run in _due(tx, schedule)]
        if not rows:
            return 0
        with self._database.write() as tx:
            return insert_ignore(tx, t.report_runs, rows)

    def deliver_next(self) -> str | None:
        """Take one waiting row, make its report and bring it away; the row's new state, None without one."""
        token = new_id()
        run = self._lease(token)
        if run is None:
            return None
        try:
            made = self._make(run)
        except NotFound as error:
            return self._finish(run, token, Terminal(str(error)), provisional=False)
        except Exception as error:
            self._finish(
                run, token, Retry(f"it could not be drawn ({type(error).__name__})"), provisional=False
            )
            raise
        outcome = self._send(run, made)
        return self._finish(run, token, outcome, provisional=bool(made.provisional))

    def _lease(self, token: str) -> dict[str, Any] | None:
        r, s = t.report_runs, t.report_schedules.c
        with self._database.write() as tx:
            now = wall_us()
            over = reached(r.c.lease_until_wall_us, now, LEASE_US)
            free = or_(r.c.state == "waiting", (r.c.state == "leased") & over)
            row = (
                tx.execute(
                    select(r, s.scope, s.kind, s.formats, s.delivery, s.target, s.site_id)
                    .join_from(r, t.report_schedules, s.schedule_id == r.c.schedule_id)
                    .where(free, reached(r.c.next_try_wall_us, now, LONGEST_WAIT_US), s.state == "active")
                    .order_by(r.c.next_try_wall_us, r.c.to_us)
                    .limit(1)
                    .with_for_update(of=r, skip_locked=True)
                )
                .mappings()
                .first()
            )
            if row is None:
                return None
            values = {"state": "leased", "lease_token": token, "lease_until_wall_us": now + LEASE_US}
            tx.execute(
                update(r).where(r.c.run_id == row["run_id"]).values(**values, attempts=r.c.attempts + 1)
            )
        return {**row, "attempts": row["attempts"] + 1}

    def _make(self, run: Row) -> Report:
        period = Period(
            Kind(run["kind"]), run["from_us"], run["to_us"], run["period_key"], run["period_name"]
        )
        with self._database.read() as tx:
            return report(tx, run["scope"], period, clocks.read(tx, run["site_id"]).plant_us())

    def _send(self, run: Row, made: Report) -> Outcome:
        outlet = self._outlets.get(Delivery(run["delivery"]))
        if outlet is None:
            return Terminal("no mail server is set (TAKTWISE_SMTP_URL)")
        formats = [Format(one) for one in run["formats"].split(",")]
        files = [File(d.name, d.media_type, d.content) for d in documents(made, formats)]
        key = f"{run['schedule_id']}|{run['from_us']}|{run['to_us']}"
        subject = f"{made.title}: {made.period.name}"
        return outlet.deliver(Parcel(key, subject, words(made), files), run["target"].split(","))

    def _finish(self, run: Row, token: str, outcome: Outcome, *, provisional: bool) -> str:
        r, now = t.report_runs, wall_us()
        values: dict[str, Any] = {
            "lease_token": None,
            "lease_until_wall_us": None,
            "provisional": provisional,
        }
        match outcome:
            case Ack():
                values |= {"state": "done", "detail": run["target"], "done_wall_us": now}
            case Retry(why) if run["attempts"] < MOST_ATTEMPTS:
                wait = min(FIRST_WAIT_US * 2 ** (run["attempts"] - 1), LONGEST_WAIT_US)
                values |= {"state": "waiting", "detail": why, "next_try_wall_us": now + wait}
            case Retry(why) | Terminal(why):
                values |= {"state": "failed", "detail": why}
        with self._database.write() as tx:
            tx.execute(
                update(r).where(r.c.run_id == run["run_id"], r.c.lease_token == token).values(**values)
            )
        return str(values["state"])


def words(made: Report) -> str:
    """The few sentences of the mail."""
    whole = made.whole
    figure = "OEE could not be computed" if whole.oee is None else f"OEE {whole.oee * 100:.1f} %"
    lines = [made.title, made.period.name, "", f"{figure}, {whole.good:,.0f} good parts."]
    if made.provisional:
        lines += ["", f"Provisional: {'; '.join(made.provisional)}."]
    return "\n".join([*lines, "", "Sent by Taktwise."]) + "\n"


def _active(tx: Connection) -> list[Row]:
    s, site = t.report_schedules, t.sites.c
    query = select(s, site.time_zone).join_from(s, t.sites, site.site_id == s.c.site_id)
    return [dict(row) for row in tx.execute(query.where(s.c.state == "active")).mappings()]


def _due(tx: Connection, schedule: Row) -> Iterator[dict[str, Any]]:
    """Rows for the periods of a schedule that have ended, and for which the waiting time is over."""
    try:
        now = clocks.read(tx, schedule["site_id"]).plant_us()
    except NotFound:
        return
    until = now - schedule["delay_us"]
    since = max(schedule["since_us"], until - LOOK_BACK_US)
    wall, r = wall_us(), t.report_runs.c
    mine = (r.schedule_id == schedule["schedule_id"]) & (r.to_us > since - 2 * DAY)
    known = tx.execute(select(r.from_us, r.to_us, r.period_key).where(mine)).all()
    kind = Kind(schedule["kind"])
    keys = set() if kind is Kind.SHIFT else {row.period_key for row in known}  # a day is reported once
    spans = {(row.from_us, row.to_us) for row in known}
    for period in ended(tx, schedule["scope"], kind, schedule["time_zone"], since, until):
        if (period.from_us, period.to_us) in spans or period.key in keys:
            continue
        yield {
            "run_id": new_id(), "schedule_id": schedule["schedule_id"], "period_key": period.key,
            "period_name": period.name, "from_us": period.from_us, "to_us": period.to_us,
            "state": "waiting", "attempts": 0, "next_try_wall_us": wall, "provisional": False,
            "detail": "", "due_wall_us": wall,
        }  # fmt: skip


def ended(
    tx: Connection, scope: str, kind: Kind, zone: str, since_us: int, until_us: int, key: str = ""
) -> list[Period]:
    """The periods of a kind that end within (since, until], oldest first; shifts by the plan of the lines,
    days and weeks when the last shift that began in them has ended. With a key, just those that it names."""
    if kind is not Kind.SHIFT:
        ids = [node.equipment_id for node in nodes(tx, scope, "line")]
        named = [p for p in calendar_periods(kind, zone, since_us - DAY, until_us) if key in ("", p.key)]
        every = shift_days.whole(tx, ids, zone, named)
        return [period for period in every if since_us < period.to_us <= until_us]
    s = t.shifts.c
    lines = or_(under(s.line_id, scope), s.line_id == scope)
    rows = tx.execute(
        select(s.name, s.start_us, s.end_us)
        .where(lines, s.end_us > since_us, s.end_us <= until_us, s.end_us > s.start_us)
        .distinct()
        .order_by(s.end_us, s.start_us, s.name)
    )
    found = [shift_period(name, start_us, end_us, zone) for name, start_us, end_us in rows]
    return [period for period in found if key in ("", period.key)]


def running(tx: Connection, scope: str, kind: Kind, zone: str, now_us: int, key: str = "") -> list[Period]:
    """The days or weeks that run now: at 03:00 in a night shift it is still yesterday there. With a key,
    just those that it names."""
    make = day_period if kind is Kind.DAY else week_period
    ids = [node.equipment_id for node in nodes(tx, scope, "line")]
    named = dict.fromkeys(make(local_date(at, zone), zone) for at in (now_us - DAY, now_us))
    every = shift_days.whole(tx, ids, zone, [period for period in named if key in ("", period.key)])
    return [period for period in every if period.from_us < now_us < period.to_us]
