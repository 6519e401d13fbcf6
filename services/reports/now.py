"""Reports on demand, without a person's account: for the command line."""

from collections.abc import Sequence
from datetime import date

from data.store.database import Database
from domain.equipment import site_of
from domain.errors import NotFound
from domain.reporting import LOOK_BACK_US, Format, Kind, day_period, local_date, week_period
from services import clocks
from services.floor.facts import nodes, site_words
from services.kpi import shift_days
from services.reports.gather import report
from services.reports.scheduled import ended
from services.reports.writing import Document, document
from services.rows.reports import Report


def make(
    database: Database, scope: str, kind: Kind, day: date | None, formats: Sequence[Format]
) -> list[tuple[Report, Document]]:
    """The reports of the periods that begin on a day (weeks: hold it); without one, of the last that ended.

    NotFound when there is no such period.
    """
    with database.read() as tx:
        now = clocks.read(tx, site_of(scope)).plant_us()
        zone, _ = site_words(tx, site_of(scope))
        if day is None:
            periods = ended(tx, scope, kind, zone, now - LOOK_BACK_US, now)[-1:]
        elif kind is Kind.SHIFT:
            whole = day_period(day, zone)
            every = ended(tx, scope, kind, zone, whole.from_us, whole.to_us + LOOK_BACK_US)
            periods = [p for p in every if local_date(p.from_us, zone) == day and p.from_us < now]
        else:
            ids = [node.equipment_id for node in nodes(tx, scope, "line")]
            named = (day_period if kind is Kind.DAY else week_period)(day, zone)
            periods = shift_days.whole(tx, ids, zone, [named])
        if not periods:
            raise NotFound("there is no such period")
        reports = [report(tx, scope, period, now) for period in periods]
    return [(made, document(made, wanted)) for made in reports for wanted in formats]
