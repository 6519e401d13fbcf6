"""Lets a challenger say what it would have said of days that are stored: a shadow that has been cast already.

Only for days that the version has not learned from; whoever calls answers for the first of them. What
is stored is marked as said in the shadow, explains nothing to nobody, and is never advised on.
"""

from collections.abc import Callable

from sqlalchemy import select

from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY
from models.registry import LoadedModel
from services.score.judge import Judge
from services.score.run import Scored, Served, score_range
from services.score.serving import inputs_for
from services.situation import site_at


def look_back(
    database: Database, model: LoadedModel, days: float, progress: Callable[[float], None]
) -> Scored:
    """Score the last days of every site that takes advice; returns what was stored."""
    served, s = Served(Judge(model, shadow=True), inputs_for(model)), t.sites.c
    with database.read() as tx:
        sites = tx.execute(select(s.site_id).where(s.shadow.is_(False)).order_by(s.site_id)).scalars().all()
        now = {site: site_at(tx, site).now_us for site in sites}
    total = Scored()
    for place, (site, until) in enumerate(now.items()):

        def told(share: float, place: int = place) -> None:
            progress((place + share) / len(now))

        begin = until - round(days * DAY)
        total += score_range(database, served, begin, until, site_id=site, consider=False, progress=told)
    return total
