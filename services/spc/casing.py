"""From a broken rule to a case: opened once per machine and cause, or noted on the one that is open."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from services import audit, joining
from services.crowding import makes_room
from services.joining import put_signal
from services.planning import Planned, no_prediction, planned, propose
from services.signing import hash_of
from services.situation import causes_of, machine_at
from services.sources.still import refresh
from services.spc.definition import Chart

FRESH = 3  # samples: an older break is history, and opens nothing
PATTERN = "pattern|"  # how the ids begin under which patterns note what was broken
NEEDED = 2  # broken rules among the newest samples before a case is worth a person's time


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that a chart noticed on a machine, worth a person's look.

    `cause` is what the chart was told to suspect. `tell(machine, cause)` says it in words; `rows` are the
    new rows of `spc_breaks` behind it, `proposed_by` and `against` stand on the case.
    """

    equipment_id: str
    cause: str
    rows: Sequence[Mapping[str, Any]]
    tell: Callable[[str, str], str]
    proposed_by: str
    noted: str
    against: str


def open_for(tx: Connection, chart: Chart, fresh: Sequence[Mapping[str, Any]], now_us: int) -> int:
    """Open a case for new breaks of a chart that may; returns how many were opened (0 or 1)."""
    recent = [row for row in fresh if row["at_us"] > now_us - FRESH * chart.every_us and _worse(chart, row)]
    if not chart.opens_case or not recent or len(recent_breaks(tx, chart, now_us)) < NEEDED:
        return 0
    signal = Signal(
        chart.equipment_id,
        chart.cause,
        recent,
        lambda name, cause: told(chart, recent, name, cause),
        f"control chart {chart.title}",
        "control chart broke a rule",
        "A chart says that something changed, not what: no failure is costed.",
    )
    return raise_or_note(tx, signal, now_us)


def raise_or_note(tx: Connection, signal: Signal, now_us: int) -> int:
    """Open a case for a signal, or note it on the open one of the same machine and cause; returns how many
    were opened.

    Nothing is opened for a machine with a case decided in the last hours.
    """
    machine = machine_at(tx, signal.equipment_id)
    cause = signal.cause if signal.cause in causes_of(tx, machine.machine_type) else "unknown"
    plan = planned(
        tx,
        no_prediction(signal.equipment_id, now_us),
        now_us,
        cases_store.next_number(tx),
        cause=cause if cause != "unknown" else "",
        wanted=Choice.INSPECT_FIRST,
    )
    words = signal.tell(machine.name, plan.situation.cause)
    key = open_key(signal.equipment_id, plan.situation.cause)
    case = next((c for c in cases_store.open_for(tx, signal.equipment_id) if c["open_key"] == key), None)
    if case is None:
        ended = cases_store.newest_closed(tx, signal.equipment_id)
        if ended is not None and now_us - ended["closed_us"] < QUIET_US:
            return 0
    case_id = case["case_id"] if case else _open(tx, signal, plan, words, key, now_us)
    if case_id is None:
        return 0
    for row in signal.rows:
        store.name_case(tx, row, case_id)
    put_signal(tx, case_id, _said(signal, plan.situation.cause, words, now_us))
    if case is not None:
        refresh(tx, CaseKind.CHART, [signal.equipment_id], now_us)
        detail = {"chart": signal.proposed_by, "words": words}
        audit.of_case(tx, case_id, signal.noted, now_us, detail)
    return int(case is None)


def _said(signal: Signal, cause: str, words: str, now_us: int) -> joining.Signal:
    """The same as every source says it; the usual pattern of several sensors is an anomaly."""
    by, unit = str(signal.rows[0]["chart_id"]), signal.equipment_id
    source = joining.Source.ANOMALY if by.startswith(PATTERN) else joining.Source.CHART
    return joining.Signal(source, by, signal.proposed_by, unit, cause, now_us, words)


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


def _open(tx: Connection, signal: Signal, plan: Planned, words: str, key: str, now_us: int) -> str | None:
    """Open the case; None when this shift has as many new cases as its supervisor can read."""
    against = (*plan.evidence.against, signal.against)
    evidence = replace(plan.evidence, words=words, prediction_id=None, against=against).to_json()
    case_id = new_id()
    row: dict[str, Any] = {
        "case_id": case_id,
        "site_id": site_of(signal.equipment_id),
        "number": plan.number,
        "equipment_id": signal.equipment_id,
        "kind": CaseKind.CHART.value,
        "state": CaseState.PROPOSED.value,
        "version": 1,
        "attention": False,
        "open_key": key,
        "opened_us": now_us,
        "opened_wall_us": wall_us(),
        "default_action": DEFAULT_ACTION,
        "permission": "decide",
        "proposed_by": signal.proposed_by,
        "reason": "",
        **plan.columns(),
        "evidence": evidence,
        "evidence_hash": hash_of(evidence),
    }
    if not makes_room(tx, row, now_us):
        return None
    cases_store.add(tx, row)
    propose(tx, case_id, plan.commands(plan.advice.advised), wall_us())
    detail = {"title": row["title"], "chart": signal.proposed_by, "words": words}
    audit.of_case(tx, case_id, "proposed", now_us, detail)
    return case_id
