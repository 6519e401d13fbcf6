"""The facts behind the gates of a challenger that proposes reasons of stops, in the scoring process."""

import json
import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np
from sqlalchemy import Connection

from data.store import guesses as store
from data.store.database import Database
from domain import reason_gates as r
from domain.equipment import line_of, site_of
from domain.model_gates import Gate, card_gate, file_gate
from domain.time_model import Span
from models.classification.stops.features import COLUMNS
from models.classification.stops.reasoner import Reasoner
from services.registry.folders import Load, opened
from services.situation import site_at
from services.stops import log
from services.stops.finding import find
from services.stops.teaching import told

RUNS = 20


def reason_gates(
    database: Database, challenger: Mapping[str, Any], champion: Mapping[str, Any] | None, load: Load
) -> list[Gate]:
    """Every gate, in the order in which people read them."""
    ours, theirs = json.loads(challenger["card"]), json.loads(champion["card"]) if champion else {}
    model, trouble = opened(challenger, load, Reasoner)
    with database.read() as tx:
        found = beside(tx, challenger, champion["version"] if champion else "")
    return [
        file_gate(trouble),
        card_gate(ours),
        r.input_gate(ours, theirs),
        r.held_out_gate(ours.get("test", {})),
        r.speed_gate(None if model is None else one_ms(model)),
        r.shadow_gate(found),
        r.reason_gate(found),
    ]


def one_ms(model: Reasoner) -> float:
    """Processor time for one stop, the median of RUNS, ms."""
    row = np.zeros((1, len(COLUMNS)), np.float32)
    spent = []
    for _ in range(RUNS):
        began = time.thread_time()
        model.chances(row)
        spent.append((time.thread_time() - began) * 1_000)
    return median(spent)


def beside(tx: Connection, challenger: Mapping[str, Any], champion: str) -> r.Beside:
    """What both said of the same stops, and what people said of these."""
    rows = store.both(tx, challenger["name"], (challenger["version"], champion))
    times = [row.from_us for row in rows]
    ours, theirs = list[bool](), list[bool]()
    for line_id in sorted({line_of(row.equipment_id) for row in rows}):
        mine = [row for row in rows if line_of(row.equipment_id) == line_id]
        for row, reason, rule in _named(tx, line_id, mine):
            ours.append((row.reason if row.sure else rule) == reason)
            theirs.append((row.their_reason if row.their_sure else rule) == reason)
    return r.Beside(
        pairs=len(rows),
        span_us=max(times) - min(times) if times else 0,
        named=len(ours),
        our_right=float(np.mean(ours)) if ours else 0.0,
        their_right=float(np.mean(theirs)) if theirs else 0.0,
    )


def _named(tx: Connection, line_id: str, rows: Sequence[Any]) -> list[tuple[Any, str, str]]:
    """The rows of stops whose reason may judge, with it and with what the rules say."""
    begins = [row.from_us for row in rows]
    now_us = site_at(tx, site_of(line_id)).now_us
    finding = find(tx, line_id, Span(min(begins), now_us), now_us)
    said = log.by_machine(log.acts_on(tx, finding.line.units, min(begins), now_us))
    by_stop = {(row.equipment_id, row.from_us): row for row in rows}
    mine = [f for f in finding.found if (f.stop.equipment_id, f.stop.from_us) in by_stop and not f.stop.open]
    rules = finding.by_rules(tx, mine)
    found = []
    for one in mine:
        reason, told_by = told(one, said.get(one.stop.equipment_id, {}), shown=False)
        if told_by:
            rule = rules[one.stop.key]
            row = by_stop[(one.stop.equipment_id, one.stop.from_us)]
            found.append((row, reason, rule.reason if rule else ""))
    return found
