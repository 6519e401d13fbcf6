"""Sources that still say what opened a case: its evidence is as of now, and does not grow stale.

An alarm says it while its condition stands, a missing part while none lies free, an outlook of a shift while
the shift will miss its target, a fixed limit while the machine is beyond it, a chart with each newly broken
rule. Once the source has fallen silent, the case can no longer be approved after STALE_AFTER_US.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, select

from data.store import cases as store
from data.store import tables as t
from domain.cases import UNDECIDED, CaseKind
from domain.clock import MINUTE

REFRESH_US = 10 * MINUTE  # a case is written at most so often
_C = t.cases.c


def refresh(tx: Connection, kind: CaseKind, equipment_ids: Iterable[str], now_us: int) -> int:
    """The undecided cases of this kind on these machines rest on data of now; returns how many were old."""
    return _refresh(tx, now_us, _old(kind, now_us) & _C.equipment_id.in_(sorted(set(equipment_ids))))


def standing_alarms(tx: Connection, site_id: str, now_us: int) -> int:
    """The same for the cases of alarms whose condition stands."""
    return _refresh(tx, now_us, _of_standing(site_id, now_us))


def any_old(tx: Connection, kind: CaseKind, site_id: str, equipment_ids: Iterable[str], now_us: int) -> bool:
    """Is there anything to refresh? Costs one query."""
    here = _C.equipment_id.in_(sorted(set(equipment_ids)))
    wanted = _of_standing(site_id, now_us) if kind is CaseKind.ALARM else _old(kind, now_us) & here
    return tx.execute(select(_C.case_id).where(wanted).limit(1)).first() is not None


def _old(kind: CaseKind, now_us: int) -> ColumnElement[bool]:
    undecided = _C.state.in_([state.value for state in UNDECIDED])
    return undecided & (_C.kind == kind.value) & (_C.evidence_us < now_us - REFRESH_US)


def _of_standing(site_id: str, now_us: int) -> ColumnElement[bool]:
    s, a = t.case_signals.c, t.alarm_states.c
    standing = (
        select(s.case_id)
        .join_from(t.case_signals, t.alarm_states, a.alarm_id == s.source_id)
        .where(s.kind == "alarm", a.condition)
    )
    return _old(CaseKind.ALARM, now_us) & (_C.site_id == site_id) & _C.case_id.in_(standing)


def _refresh(tx: Connection, now_us: int, wanted: ColumnElement[bool]) -> int:
    rows = tx.execute(select(_C.case_id, _C.version).where(wanted)).all()
    return sum(store.change(tx, row.case_id, row.version, {"evidence_us": now_us}) for row in rows)
