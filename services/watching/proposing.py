"""The case that a look at a model opens: train it anew. Decided like any other, by the rules of the policy.

Its machine is the site: only people whose scope covers all of it see it. Its one command never leaves the
desk: an approval queues it, and `python -m runtime retrain` takes it. Looks that still say so keep the
evidence fresh; when they fall silent it grows stale, and can no longer be approved.
"""

import json
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Permission
from data.store import cases
from data.store import model_watch as store
from data.store import tables as t
from domain.cases import UNDECIDED, CaseKind, CaseState, open_key
from domain.clock import DAY, wall_us
from domain.equipment import plural
from domain.evidence import CostInput, Evidence, ProposedCommand, SimilarCase
from domain.ids import new_id
from domain.messages import CommandKind, Retraining
from domain.telemetry import METRICS
from services import audit
from services.planning import propose
from services.rows.model_watch import DriftRow, Look
from services.signing import hash_of
from services.situation import Site

DECIDE_WITHIN_US = 7 * DAY
QUEUE = "desk.training"
AT_EXPIRY = "Nothing is trained; the model stays at work as it is."
USES = (
    "Without a folder of readings, the command calibrates the champion's chances: it learns from the earlier "
    "70 % of the known cases, and makes nothing unless the later 30 % are stated better.",
    "With --data plant:DIR it trains the whole network anew.",
    "Either way a challenger comes out. The champion stays at work until the challenger has passed its gates "
    "and somebody has signed for it.",
)


def still_says_so(tx: Connection, site: Site, model: str) -> bool:
    """Is a case open about this model? While it is undecided, its evidence is as of this look."""
    case = store.open_case(tx, site.site_id, model)
    if case is not None and case["state"] in UNDECIDED:
        cases.change(tx, case["case_id"], case["version"], {"evidence_us": site.now_us})
    return case is not None or store.approved_before(tx, site.site_id, model) is not None


def open_case(tx: Connection, site: Site, found: Look, why: list[str]) -> str:
    """Open the case, with what the watch saw; returns its id."""
    case_id, number = new_id(), cases.next_number(tx)
    row = _case(tx, site, found, why) | {"case_id": case_id, "number": number}
    cases.add(tx, row)
    work = Retraining(site.site_id, found.model, found.version)
    command = ProposedCommand(
        0, QUEUE, CommandKind.RETRAINING, work, f"CASE-{number}-RETRAINING",
        f"Train {spoken(found.model)} {found.version} anew, by python -m runtime retrain",
    )  # fmt: skip
    propose(tx, case_id, (command,), wall_us())
    store.propose(tx, {
        "proposal_id": new_id(), "site_id": site.site_id, "model_name": found.model,
        "model_version": found.version, "case_id": case_id, "open_key": None, "state": "case",
        "why": json.dumps(why), "opened_us": site.now_us, "opened_wall_us": wall_us(),
    })  # fmt: skip
    detail = {"title": row["title"], "model": found.model, "version": found.version, "why": why}
    audit.of_case(tx, case_id, "proposed", site.now_us, detail)
    return case_id


def spoken(model: str) -> str:
    """`plant_failure` as people say it."""
    return model.replace("_", " ")


def _case(tx: Connection, site: Site, found: Look, why: list[str]) -> dict[str, Any]:
    text = _evidence(tx, site, found, why).to_json()
    return {
        "site_id": site.site_id, "equipment_id": site.site_id, "kind": CaseKind.RETRAINING.value,
        "cause": found.model, "state": CaseState.PROPOSED.value, "version": 1, "attention": False,
        "open_key": open_key(site.site_id, found.model), "opened_us": site.now_us,
        "title": f"Train the {spoken(found.model)} model anew", "opened_wall_us": wall_us(),
        "deadline_us": site.now_us + DECIDE_WITHIN_US, "default_action": AT_EXPIRY,
        "permission": Permission.MANAGE_MODELS.value, "proposed_by": f"{found.model} {found.version}",
        "prediction_id": None, "evidence_us": site.now_us, "evidence": text, "evidence_hash": hash_of(text),
        "alternatives": "[]", "advised": "retrain", "cost_cents": 0, "benefit_cents": 0,
        "benefit_low_cents": 0, "benefit_high_cents": 0, "reason": "",
    }  # fmt: skip


def _evidence(tx: Connection, site: Site, found: Look, why: list[str]) -> Evidence:
    name = tx.execute(select(t.sites.c.name).where(t.sites.c.site_id == site.site_id)).scalar_one()
    said, earlier = "; ".join(why), _earlier(tx, site, found.model)
    return Evidence(
        equipment_id=site.site_id, equipment_name=str(name), cause=found.model,
        cause_label=spoken(found.model),
        words=f"The watch over the {spoken(found.model)} model says: {said}. It should be trained anew.",
        prediction_id=None, model_name=found.model, model_version=found.version, feature_version="",
        at_us=found.made_us, data_us=found.made_us, window_from_us=found.made_us - round(found.days * DAY),
        window_to_us=found.made_us, horizon_s=0, probability=None, base=None, rul=None, rul_low=None,
        rul_high=None, life_unit="", main_metric=None, moved=(), against=_against(found),
        would_change=(
            "A look that no longer says so: after 90 minutes without one that does, this cannot be approved.",
        ),
        similar=earlier, similar_words=tuple(map(_ended, earlier)),
        limits=(), assumptions=(_cases(found), *USES), inputs=_figures(found),
    )  # fmt: skip


def _cases(found: Look) -> str:
    c = found.calibration
    return (
        f"Known by now at this site: {c.cases:,} cases, one a machine and day, {c.failures:,} of them with a "
        f"failure, over {found.days:.0f} days. What comes in until the training is used too."
    )


def _against(found: Look) -> tuple[str, ...]:
    learning = len(found.learning)
    if not learning:
        return ()
    machines = "machine is" if learning == 1 else "machines are"
    return (f"{learning} {machines} learning after a change: their chances may settle by themselves.",)


def _figures(found: Look) -> tuple[CostInput, ...]:
    c, out, at = found.calibration, found.output, found.made_us
    cases_of, said = f"model watch, {c.cases:,} cases", f"model watch, {out.predictions:,} predictions"
    known = (
        ("Failures in a day, stated on average", c.stated, "share", cases_of),
        ("Failures in a day, as they came", c.found, "share", cases_of),
        ("Brier score", c.brier, "score", cases_of),
        ("Stated chance on average, the five days before", out.before, "share", said),
        ("Stated chance on average, the last two days", out.now, "share", said),
        ("PSI of the stated chances (a shift from 0.25 on)", out.psi, "score", said),
    )
    told = [CostInput(label, round(v, 4), unit, by, at) for label, v, unit, by in known if v is not None]
    return (*told, *(_moved(row, at) for row in moved_most(found)))


def moved_most(found: Look) -> list[DriftRow]:
    """The inputs that moved on the largest shares of machines, four at most."""
    rows = [row for row in found.inputs if row.shifted]
    return sorted(rows, key=lambda row: (-row.shifted / row.compared, -row.psi))[:4]


def _moved(row: DriftRow, at_us: int) -> CostInput:
    label = f"PSI of {METRICS[row.metric].label.lower()}, {plural(row.machine_type)}"
    source = f"model watch, moved on {row.shifted} of {row.compared}; furthest {row.worst}"
    return CostInput(label, round(row.psi, 4), "score", source, at_us)


def _earlier(tx: Connection, site: Site, model: str) -> tuple[SimilarCase, ...]:
    """How the last cases about this model ended, newest first."""
    c = t.cases.c
    query = select(c.case_id, c.number, c.equipment_id, c.opened_us, c.state)
    mine = (c.kind == CaseKind.RETRAINING.value) & (c.cause == model) & (c.site_id == site.site_id)
    rows = tx.execute(query.where(mine, c.open_key.is_(None)).order_by(c.number.desc()).limit(5))
    return tuple(SimilarCase(*row) for row in rows)


def _ended(one: SimilarCase) -> str:
    made = {"done": "a challenger was made", "refused": "the training was refused"}
    return f"Case {one.number}: {made.get(one.ended, one.ended)}."
