"""While the AI is stopped: the plain limits (domain.rules) watch, and open cases in its place.

A machine gets one case for its worst broken limit; while it is open, and for QUIET_US after it ended, no
second one. The desk puts an inspection forward: a limit says that something is wrong, not what.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from data.store import cases as store
from data.store import stops, watch
from data.store import tables as t
from data.store.database import Database
from domain.cases import CaseKind, CaseState, open_key
from domain.clock import wall_us
from domain.evidence import Evidence
from domain.ids import new_id
from domain.policy import DEFAULT_ACTION, QUIET_US
from domain.recommendation import Choice, cause_label, minutes_text
from domain.rules import PROPOSER, RUNNING_HOURS, Broken, broken
from domain.telemetry import METRICS
from services import audit
from services.planning import no_prediction, planned, propose
from services.signing import hash_of
from services.situation import Site, causes_of, machine_at, site_at
from services.sources.still import any_old, refresh


@dataclass(frozen=True, slots=True)
class Trouble:
    """A machine with a broken limit, and the case that is open on it already, if any."""

    equipment_id: str
    worst: Broken
    open_case: int | None = None


def troubles(tx: Connection, site: Site) -> list[Trouble]:
    """The machines of a site that are beyond a limit now and were not dealt with a short while ago."""
    limits, _ = stops.limits(tx, site.site_id)
    found = []
    for unit, seen in watch.observe(tx, site.site_id, limits, site.now_us).items():
        worst = next(iter(broken(limits, seen)), None)
        if worst is not None and not _dealt_with(tx, unit, site.now_us):
            cases = store.open_for(tx, unit)
            found.append(Trouble(unit, worst, cases[0]["number"] if cases else None))
    return found


def watch_site(tx: Connection, site: Site, found: Sequence[Trouble]) -> list[int]:
    """Open a case for each machine in trouble that has none; the numbers of the new cases.

    What a limit has said before holds as of now.
    """
    refresh(tx, CaseKind.LIMIT, [one.equipment_id for one in found if one.open_case is not None], site.now_us)
    return [_open(tx, site, one) for one in found if one.open_case is None]


def watch_stopped(database: Database) -> int:
    """One round at every site at which a model is stopped; returns how many cases were opened."""
    with database.read() as tx:
        due = [site_id for site_id in stops.sites_stopped(tx) if _any_new(tx, site_id)]
    opened = 0
    for site_id in due:
        with database.write() as tx:
            stops.lock_site(tx, site_id)
            if site_id in stops.sites_stopped(tx):
                site = site_at(tx, site_id)
                opened += len(watch_site(tx, site, troubles(tx, site)))
    return opened


def _any_new(tx: Connection, site_id: str) -> bool:
    site = site_at(tx, site_id)
    found = troubles(tx, site)
    held = [one.equipment_id for one in found if one.open_case is not None]
    return len(held) < len(found) or any_old(tx, CaseKind.LIMIT, site_id, held, site.now_us)


def _dealt_with(tx: Connection, equipment_id: str, now_us: int) -> bool:
    c = t.cases.c
    query = select(c.case_id).where(c.equipment_id == equipment_id, c.kind == CaseKind.LIMIT.value)
    return tx.execute(query.where(c.closed_us > now_us - QUIET_US).limit(1)).first() is not None


def said(worst: Broken, machine: str) -> str:
    """One sentence: what is beyond which limit, for how long."""
    limit = worst.limit
    if limit.metric == RUNNING_HOURS:
        return (
            f"{machine} has run {worst.value:,.0f} hours since its last maintenance; "
            f"the limit is {limit.high:,.0f} hours."
        )
    spec = METRICS[limit.metric]
    unit = "" if spec.unit == "1" else f" {spec.unit}"
    over = limit.high is not None and worst.value > limit.high
    bound, word = (limit.high, "above") if over else (limit.low, "below")
    return (
        f"{spec.label} of {machine} was {worst.value:,.3g}{unit} on average over the last "
        f"{minutes_text(limit.held_s)}, {word} the limit of {bound:,.3g}{unit}."
    )


def _open(tx: Connection, site: Site, trouble: Trouble) -> int:
    machine = machine_at(tx, trouble.equipment_id)
    known = causes_of(tx, machine.machine_type)
    wanted = trouble.worst.limit.cause
    nothing = no_prediction(trouble.equipment_id, site.now_us)
    number = store.next_number(tx)
    cause = wanted if wanted in known else "unknown"
    plan = planned(tx, nothing, site.now_us, number, cause=cause, wanted=Choice.INSPECT_FIRST)
    evidence = _evidence(plan.evidence, trouble.worst, machine.name)
    text, case_id = evidence.to_json(), new_id()
    row: dict[str, Any] = {
        **plan.columns(),
        "case_id": case_id,
        "number": number,
        "site_id": site.site_id,
        "equipment_id": trouble.equipment_id,
        "kind": CaseKind.LIMIT.value,
        "state": CaseState.PROPOSED.value,
        "version": 1,
        "attention": False,
        "open_key": open_key(trouble.equipment_id, plan.situation.cause),
        "opened_us": site.now_us,
        "opened_wall_us": wall_us(),
        "default_action": DEFAULT_ACTION,
        "permission": "decide",
        "proposed_by": PROPOSER,
        "reason": "",
        "evidence": text,
        "evidence_hash": hash_of(text),
    }
    store.add(tx, row)
    propose(tx, case_id, plan.commands(plan.advice.advised), wall_us())
    detail = {"title": row["title"], "metric": trouble.worst.limit.metric, "value": trouble.worst.value}
    audit.of_case(tx, case_id, "proposed by a limit, the AI is stopped", site.now_us, detail)
    return number


def _evidence(evidence: Evidence, worst: Broken, name: str) -> Evidence:
    cause = cause_label(evidence.cause)
    words = f"{said(worst, name)} The AI is stopped; a fixed limit says this. It would go with: {cause}."
    against = "A limit knows no probability: what a failure would cost is not counted in the choices."
    metric = worst.limit.metric if worst.limit.metric in METRICS else None
    return replace(
        evidence,
        words=words,
        prediction_id=None,
        main_metric=metric,
        against=(*evidence.against, against),
        limits=("A fixed limit sees neither slow change nor what several sensors say together.",),
    )
