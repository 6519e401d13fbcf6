"""Lets a challenger say what it would have found unusual about days that are stored.

Only for days that the version has not learned from; whoever calls answers for the first of them.
"""

from sqlalchemy import select

from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY
from models.anomaly.machines.watcher import Watcher
from services.score.plant import PlantInputs
from services.score.run import Progress
from services.situation import site_at
from services.unusual.judging import Judged, watch_range


def look_back(database: Database, challenger: Watcher, days: float, progress: Progress) -> int:
    """Score the last days of every site that takes advice; returns how many half hours were stored."""
    inputs, total, s = PlantInputs(challenger.card.thresholds), Judged(), t.sites.c
    with database.read() as tx:
        sites = tx.execute(select(s.site_id).where(s.shadow.is_(False)).order_by(s.site_id)).scalars().all()
        now = {site: site_at(tx, site).now_us for site in sites}
    for place, (site, until) in enumerate(now.items()):
        span = until - round(days * DAY), until
        total += watch_range(database, challenger, inputs, span, site_id=site)
        progress((place + 1) / len(now))
    return total.scored
