"""Reads for the reports screen: places, periods, the report itself, and the schedules."""

from sqlalchemy import Connection, func, or_, select

from auth.permissions import Permission
from data.store import tables as t
from domain.clock import DAY
from domain.errors import NotFound
from domain.reporting import Format, Kind, Period
from services.context import Context
from services.queries.common import in_scope, names_of, people, under
from services.reports import gather
from services.reports.scheduled import ended, running
from services.reports.writing import Document, document
from services.rows.reports import FailedRun, Report, ScheduleRow

SHOWN = {Kind.SHIFT: 7 * DAY, Kind.DAY: 14 * DAY, Kind.WEEK: 70 * DAY}


class ReportQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def places(self) -> tuple[tuple[str, str], ...]:
        """(id, name) of the site, its areas and lines, as far as the actor's scopes cover them."""
        c, e = self._context, t.equipment.c
        c.actor.require(Permission.SEE_REPORTS)
        with c.database.read() as tx:
            rows = tx.execute(
                select(e.equipment_id, e.name)
                .where(
                    e.level.in_(("site", "area", "line")),
                    e.assigned.is_(True),
                    in_scope(e.equipment_id, c.actor),
                    under(e.equipment_id, c.site.site_id),
                )
                .order_by(e.equipment_id)
            )
            return tuple((row.equipment_id, row.name) for row in rows)

    def periods(self, scope: str, kind: Kind) -> tuple[Period, ...]:
        """The periods that may be reported on, newest first; the one that runs now comes first."""
        self._context.actor.require(Permission.SEE_REPORTS, scope)
        with self._context.database.read() as tx:
            return self._periods(tx, scope, kind)

    def _periods(self, tx: Connection, scope: str, kind: Kind, key: str = "") -> tuple[Period, ...]:
        zone, now = self._context.site.time_zone, self._context.now_us
        until = now + (DAY if kind is Kind.SHIFT else 0)
        found = [p for p in ended(tx, scope, kind, zone, now - SHOWN[kind], until, key) if p.from_us < now]
        if kind is not Kind.SHIFT:
            found += [p for p in running(tx, scope, kind, zone, now, key) if p not in found]
        return tuple(sorted(found, key=lambda p: (p.from_us, p.to_us), reverse=True))

    def report(self, scope: str, kind: Kind, key: str) -> Report:
        """The report of a place for one of `periods`. NotFound for anything else."""
        self._context.actor.require(Permission.SEE_REPORTS, scope)
        with self._context.database.read() as tx:
            period = next(iter(self._periods(tx, scope, kind, key)), None) if key else None
            if period is None:
                raise NotFound("there is no such period")
            return gather.report(tx, scope, period, self._context.now_us)

    def document(self, report: Report, wanted: Format) -> Document:
        """The report as a file."""
        self._context.actor.require(Permission.SEE_REPORTS, report.scope)
        return document(report, wanted)

    def drawings(self, report: Report) -> tuple[tuple[str, str], ...]:
        """(title, SVG) of each chart, for the preview."""
        self._context.actor.require(Permission.SEE_REPORTS, report.scope)
        from services.reports import charts  # brings the PDF drawing parts along

        return charts.as_svg(report)

    def schedules(self) -> tuple[ScheduleRow, ...]:
        """Schedules of this site within the actor's scopes, removed ones left out."""
        c, s = self._context, t.report_schedules.c
        c.actor.require(Permission.SEE_REPORTS)
        with c.database.read() as tx:
            rows = (
                tx.execute(
                    select(t.report_schedules)
                    .where(s.site_id == c.site.site_id, s.state != "removed", in_scope(s.scope, c.actor))
                    .order_by(s.created_wall_us)
                )
                .mappings()
                .all()
            )
            names = names_of(tx, [row["scope"] for row in rows])
            who = people(tx, [row["created_by"] for row in rows])
            return tuple(_row(tx, dict(row), names, who) for row in rows)

    def failed(self) -> tuple[FailedRun, ...]:
        """Reports of this site that could not be brought away so far."""
        self._context.actor.require(Permission.SEE_REPORTS)
        with self._context.database.read() as tx:
            return tuple(
                run for run in failed_runs(tx) if self._context.actor.may(Permission.SEE_REPORTS, run.scope)
            )


def failed_runs(tx: Connection) -> list[FailedRun]:
    """Runs that failed at least once and are not done, newest period first."""
    r, s = t.report_runs.c, t.report_schedules.c
    rows = tx.execute(
        select(r.run_id, s.kind, s.scope, r.period_name, r.attempts, r.detail, r.state == "failed")
        .join_from(t.report_runs, t.report_schedules, s.schedule_id == r.schedule_id)
        .where(
            s.state == "active", r.detail != "", or_(r.state == "failed", r.state.in_(("waiting", "leased")))
        )
        .order_by(r.to_us.desc())
        .limit(50)
    )
    return [FailedRun(row[0], row[1], row[2], row[3], row[4], row[5], bool(row[6])) for row in rows]


def _row(tx: Connection, row: dict[str, object], names: dict[str, str], who: dict[str, str]) -> ScheduleRow:
    r = t.report_runs.c
    mine = r.schedule_id == row["schedule_id"]
    done = tx.execute(select(func.count()).where(mine, r.state == "done")).scalar_one()
    last = tx.execute(
        select(
            r.period_name, r.state, r.detail, func.coalesce(r.done_wall_us, r.due_wall_us), r.next_try_wall_us
        )
        .where(mine)
        .order_by(r.to_us.desc())
        .limit(1)
    ).first()
    scope, by = str(row["scope"]), str(row["created_by"])
    return ScheduleRow(
        str(row["schedule_id"]), scope, names.get(scope, scope), str(row["kind"]),
        tuple(str(row["formats"]).split(",")), str(row["delivery"]), str(row["target"]).replace(",", ", "),
        int(str(row["delay_us"])), str(row["state"]), who.get(by, by), int(done),
        last[0] if last else "", last[1] if last else "", last[2] if last else "",
        last[3] if last else None, last[4] if last else None,
    )  # fmt: skip
