"""What a plant lacks before the desk can be trusted with it: each gap in one sentence with its count."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from data.store import tables as t
from data.store.stops import limits
from domain.wording import percent
from services.backtest.replay import Replayed
from services.score.inputs import Unit
from services.situation import rates_for

FEW = 0.5


def gaps(tx: Connection, site_id: str, units: Sequence[Unit], replayed: Sequence[Replayed]) -> list[str]:
    """The gaps of a site, the gravest first; empty when nothing is missing."""
    ids = [unit.equipment_id for unit in units]
    found = [*_blind(replayed), *_unplaced(tx), *_records(tx, ids), *_plans(tx, units)]
    if ids and not all(rates_for(tx, unit) for unit in ids):
        found.append("No cost rates are stated for some machines: built-in ones were used.")
    if not limits(tx, site_id)[1]:
        found.append("No fixed limits are stated: while the AI is stopped, only the built-in two watch.")
    return found


def _blind(replayed: Sequence[Replayed]) -> list[str]:
    never = [one.equipment_id for one in replayed if not one.scored]
    seldom = [
        one.equipment_id
        for one in replayed
        if one.scored and sum(one.unknown.values()) > FEW * (one.scored + sum(one.unknown.values()))
    ]
    said = []
    if never:
        said.append(f"{len(never)} machines could never be scored: {', '.join(never[:5])}.")
    if seldom:
        said.append(f"{len(seldom)} machines could be scored less than half of the time.")
    reasons: dict[str, int] = {}
    for one in replayed:
        for reason, count in one.unknown.items():
            reasons[reason] = reasons.get(reason, 0) + count
    total = sum(one.scored for one in replayed) + sum(reasons.values())
    ranked = sorted(reasons.items(), key=lambda item: -item[1])
    said += [
        f"{percent(count / total)} of the half hours were not scored: {reason}."
        for reason, count in ranked[:5]
    ]
    return said


def _unplaced(tx: Connection) -> list[str]:
    e = t.equipment.c
    count = tx.execute(select(func.count()).where(e.level == "unit", e.assigned.is_(False))).scalar_one()
    return [f"{count} devices send values and are not placed in the plant."] if count else []


def _records(tx: Connection, ids: list[str]) -> list[str]:
    m = t.maintenance.c
    mine = m.equipment_id.in_(ids) & (m.status == "done")
    done = tx.execute(select(func.count()).where(mine)).scalar_one()
    silent = tx.execute(select(func.count()).where(mine, m.finding.is_(None))).scalar_one()
    failed = (m.finding == "failed") & ((m.cause.is_(None)) | (m.cause == ""))
    causeless = tx.execute(select(func.count()).where(mine, failed)).scalar_one()
    said = [] if done else ["No finished maintenance is recorded: nothing can be proved."]
    if silent:
        said.append(f"{silent} of {done} maintenance records say nothing of what was found.")
    if causeless:
        said.append(f"{causeless} failures are recorded without a cause.")
    return said


def _plans(tx: Connection, units: Sequence[Unit]) -> list[str]:
    p, s = t.parts_of_machines.c, t.shifts.c
    known = set(tx.execute(select(p.machine_type)).scalars())
    without = sorted({unit.machine_type for unit in units} - known)
    said = [f"No task and no part is known for: {', '.join(without)}."] if without else []
    lines = {unit.equipment_id.rpartition("/")[0] for unit in units}
    planned = set(tx.execute(select(s.line_id).distinct()).scalars())
    bare = sorted(lines - planned)
    return said + ([f"No shifts are known for: {', '.join(bare)}."] if bare else [])
