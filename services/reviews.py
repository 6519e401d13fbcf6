"""Opens "why did we not see it?" for every unplanned failure, once, with the facts of the day before."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from data.store import reviews as store
from data.store import tables as t
from data.store.database import Database
from domain.cases import ABOUT_SETTINGS
from domain.clock import DAY, wall_us
from domain.failure_review import Before, proposed, why
from domain.ids import new_id
from services import audit
from services.failures import SAME_US, failures
from services.situation import Site, card_of, site_at

SPAN_US = 90 * DAY
BEFORE_US = DAY
SUBJECT = "failure_review"
_C, _P = t.cases.c, t.predictions.c


@dataclass(frozen=True, slots=True)
class Failed:
    """One failure of one machine."""

    equipment_id: str
    at_us: int


def open_due(database: Database) -> int:
    """Open what is missing at every site; how many were opened."""
    with database.read() as tx:
        ids = tx.execute(select(t.clocks.c.site_id).order_by(t.clocks.c.site_id)).scalars().all()
        due = [(site_id, one) for site_id in ids for one in missing(tx, site_at(tx, site_id))]
    return sum(_open_one(database, site_id, one) for site_id, one in due)


def missing(tx: Connection, site: Site) -> list[Failed]:
    """Failures of the last 90 days without a review, oldest first. The MES may correct a start by hours."""
    since, now = site.now_us - SPAN_US, site.now_us
    known = store.known(tx, site.site_id, since - SAME_US)
    e = t.equipment.c
    units = select(e.equipment_id).where(
        e.level == "unit", e.equipment_id.startswith(site.site_id + "/", autoescape=True)
    )
    found = [
        Failed(unit, at) for unit in tx.execute(units).scalars() for at in failures(tx, unit, since, now)
    ]
    fresh = [
        one
        for one in found
        if not any(unit == one.equipment_id and abs(at - one.at_us) <= SAME_US for unit, at in known)
    ]
    return sorted(fresh, key=lambda one: (one.at_us, one.equipment_id))


def _open_one(database: Database, site_id: str, failed: Failed) -> bool:
    with database.write() as tx:
        return open_review(tx, site_at(tx, site_id), failed)


def open_review(tx: Connection, site: Site, failed: Failed) -> bool:
    """Open one; False when it is there."""
    before, highest, case_id = facts(tx, failed)
    verdict = proposed(before)
    row: dict[str, Any] = {
        "review_id": new_id(),
        "site_id": site.site_id,
        "equipment_id": failed.equipment_id,
        "failed_us": failed.at_us,
        "cause": _cause(tx, failed),
        "opened_us": site.now_us,
        "opened_wall_us": wall_us(),
        "scored": before.scored,
        "highest": before.highest,
        "threshold": before.threshold,
        "prediction_id": highest,
        "case_id": case_id,
        "proposed": verdict.value,
        "why": why(before),
        "verdict": "",
        "next_step": "",
        "words": "",
        "version": 1,
    }
    if not store.add(tx, row):
        return False
    audit.append(
        tx,
        actor=audit.SYSTEM,
        action="opened: why did we not see it?",
        subject_kind=SUBJECT,
        subject_id=row["review_id"],
        plant_us=site.now_us,
        detail={"equipment_id": failed.equipment_id, "failed_us": failed.at_us, "proposed": verdict.value},
    )
    return True


def facts(tx: Connection, failed: Failed) -> tuple[Before, str, str]:
    """The day before; the prediction with the highest risk ('' without one), and the advice ('')."""
    unit, at = failed.equipment_id, failed.at_us
    scored = (
        (_P.equipment_id == unit) & (_P.at_us > at - BEFORE_US) & (_P.at_us < at) & (_P.status == "scored")
        & ~_P.shadow
    )  # fmt: skip
    count, top = tx.execute(select(func.count(), func.max(_P.probability)).where(scored)).one()
    best = tx.execute(
        select(_P.prediction_id, _P.model_name, _P.model_version)
        .where(scored)
        .order_by(_P.probability.desc(), _P.at_us.desc())
    ).first()
    card = card_of(tx, best.model_name, best.model_version) if best else {}
    case, acted = _advice(tx, failed)
    threshold = float(card.get("threshold", 0.5))
    before = Before(int(count), top, threshold, advised=bool(case), acted=acted)
    return before, best.prediction_id if best else "", case


def _advice(tx: Connection, failed: Failed) -> tuple[str, bool]:
    """The newest case of the day before, and whether somebody acted on one (rejecting is no act)."""
    near = (_C.opened_us > failed.at_us - BEFORE_US) & (_C.opened_us < failed.at_us)
    near &= _C.kind.not_in(ABOUT_SETTINGS)
    rows = tx.execute(
        select(_C.case_id, _C.decided_us, _C.state)
        .where(_C.equipment_id == failed.equipment_id, near)
        .order_by(_C.opened_us.desc())
    ).all()
    u = t.audit.c
    refused = set(
        tx.execute(
            select(u.subject_id).where(u.action == "rejected", u.subject_id.in_([r.case_id for r in rows]))
        ).scalars()
    )
    acted = [r for r in rows if r.decided_us and r.decided_us < failed.at_us and r.case_id not in refused]
    first = next(iter(acted or rows), None)
    return (first.case_id if first else ""), bool(acted)


def _cause(tx: Connection, failed: Failed) -> str:
    m = t.maintenance.c
    near = (m.start_us >= failed.at_us - SAME_US) & (m.start_us <= failed.at_us + SAME_US)
    query = select(m.cause).where(m.equipment_id == failed.equipment_id, m.kind == "corrective", near)
    return tx.execute(query.order_by(m.start_us).limit(1)).scalar() or ""
