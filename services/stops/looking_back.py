"""Lets a model of reasons say what it would have proposed for the stops of days that are stored.

Only for days that it has not learned from; whoever calls answers for the first of them.
"""

from sqlalchemy import select

from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY
from domain.time_model import Span
from models.classification.stops.reasoner import Reasoner
from services.floor import facts
from services.score.run import Progress
from services.situation import site_at
from services.stops.guessing import Guessed, guess_due


def look_back(database: Database, reasoner: Reasoner, days: float, progress: Progress) -> int:
    """Look at the stops of the last days at every site that takes advice; returns how many."""
    s, total = t.sites.c, Guessed()
    with database.read() as tx:
        sites = tx.execute(select(s.site_id).where(s.shadow.is_(False)).order_by(s.site_id)).scalars().all()
        now = {site: site_at(tx, site).now_us for site in sites}
        lines = [(row.equipment_id, now[site]) for site in sites for row in facts.nodes(tx, site, "line")]
    for place, (line_id, now_us) in enumerate(lines):
        total += guess_due(database, [reasoner], line_id, Span(now_us - round(days * DAY), now_us), now_us)
        progress((place + 1) / len(lines))
    return total.looked
