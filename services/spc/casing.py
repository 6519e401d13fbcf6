"""From a broken rule to a case: opened once per machine and cause, or noted on the one that is open."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from data.store import cases as cases_store
from data.store import charts as store
from data.store import tables as t
from domain.cases import CaseKind, CaseState, open_key
from domain.clock import wall_us
from domain.equipment import site_of
from domain.ids import new_id
from domain.policy import DEFAULT_ACTION, QUIET_US
from domain.recommendation import Choice, cause_label
from domain.spc.model import ATTRIBUTES
from domain.spc.rules import RULE_LABELS, Rule
from services import audit
from services.planning import Planned, no_prediction, planned, propose
from services.signing import hash_of
from services.situation import causes_of, machine_at
from services.spc.definition import Chart

FRESH = 3  # samples: an older break is history, and opens nothing
NEEDED = 2  # broken rules among the newest samples before a case is worth a person's time


def open_for(tx: Connection, chart: Chart, fresh: Sequence[Mapping[str, Any]], now_us: int) -> int:
    """Open a case for new breaks of a chart that may; returns how many were opened (0 or 1).

    Nothing is opened for a machine with a case decided in the last hours. An open case of the same
    machine and cause gets a note instead.
    """
    recent = [row for row in fresh if row["at_us"] > now_us - FRESH * chart.every_us and _worse(chart, row)]
    if not chart.opens_case or not recent or len(recent_breaks(tx, chart, now_us)) < NEEDED:
        return 0
    machine = machine_at(tx, chart.equipment_id)
    cause = chart.cause if chart.cause in causes_of(tx, machine.machine_type) else "unknown"
    plan = planned(
        tx,
        no_prediction(chart.equipment_id, now_us),
        now_us,
        cases_store.next_number(tx),
        cause=cause if cause != "unknown" else "",
        wanted=Choice.INSPECT_FIRST,
    )
    words = told(chart, recent, machine.name, plan.situation.cause)
    key = open_key(chart.equipment_id, plan.situation.cause)
    case = next((c for c in cases_store.open_for(tx, chart.equipment_id) if c["open_key"] == key), None)
    if case is None:
        ended = cases_store.newest_closed(tx, chart.equipment_id)
        if ended is not None and now_us - ended["closed_us"] < QUIET_US:
            return 0
    case_id = case["case_id"] if case else _open(tx, chart, plan, words, key, now_us)
    for row in recent:
        store.name_case(tx, row, case_id)
    if case is not None:
        detail = {"chart": chart.title, "words": words}
        audit.of_case(tx, case_id, "control chart broke a rule", now_us, detail)
    return int(case is None)


def recent_breaks(tx: Connection, chart: Chart, now_us: int) -> list[dict[str, Any]]:
    """The chart's broken rules among its newest samples."""
    b = t.spc_breaks.c
    newest = (b.chart_id == chart.chart_id) & (b.at_us > now_us - FRESH * chart.every_us)
    return [row for row in store.breaks(tx, newest, limit=20) if _worse(chart, row)]


def _worse(chart: Chart, row: Mapping[str, Any]) -> bool:
    """Fewer bad parts than usual is worth a look, but no repair."""
    return chart.kind not in ATTRIBUTES or bool(row["above"])


def told(chart: Chart, rows: Sequence[Mapping[str, Any]], name: str, cause: str) -> str:
    """The break in words."""
    rules = sorted({RULE_LABELS[Rule(row["rule"])].lower() for row in rows})
    newest = max(rows, key=lambda row: int(row["at_us"]))
    value = f"{newest['value'] * 100:.2f} %" if chart.kind.value == "p" else f"{newest['value']:.4g}"
    return (
        f"The control chart \u201c{chart.title}\u201d of {name} broke {len(rules)} rule"
        f"{'s' if len(rules) > 1 else ''}: {'; '.join(rules)}. The newest value is {value}. "
        f"Suspected: {cause_label(cause)}."
    )


def _open(tx: Connection, chart: Chart, plan: Planned, words: str, key: str, now_us: int) -> str:
    against = (*plan.evidence.against, "A chart says that something changed, not what: no failure is costed.")
    evidence = replace(plan.evidence, words=words, prediction_id=None, against=against).to_json()
    case_id = new_id()
    row: dict[str, Any] = {
        "case_id": case_id,
        "site_id": site_of(chart.equipment_id),
        "number": plan.number,
        "equipment_id": chart.equipment_id,
        "kind": CaseKind.CHART.value,
        "state": CaseState.PROPOSED.value,
        "version": 1,
        "attention": False,
        "open_key": key,
        "opened_us": now_us,
        "opened_wall_us": wall_us(),
        "default_action": DEFAULT_ACTION,
        "permission": "decide",
        "proposed_by": f"control chart {chart.title}",
        "reason": "",
        **plan.columns(),
        "evidence": evidence,
        "evidence_hash": hash_of(evidence),
    }
    cases_store.add(tx, row)
    propose(tx, case_id, plan.commands(plan.advice.advised), wall_us())
    detail = {"title": row["title"], "chart": chart.title, "words": words}
    audit.of_case(tx, case_id, "proposed", now_us, detail)
    return case_id
