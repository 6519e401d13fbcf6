"""At most so many new cases that no person raised a supervisor and shift: more would not be read.

Over the bound, dearer advice takes the place of the least valuable that nobody has looked at yet, which
is withdrawn with that reason; else the new advice is held back, and the risk stays on the Risks screen.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from data.store import approvals
from data.store import tables as t
from data.store.care import shift_at
from domain.cases import CaseKind, CaseState
from domain.clock import HOUR
from domain.equipment import line_of
from services.ending import end
from services.policy.current import policy_in_force
from services.queries.common import under

# What machines say of themselves; not what people raise, and not what limits say while the AI is stopped.
COUNTED = [
    kind.value
    for kind in (
        CaseKind.FAILURE_RISK, CaseKind.ALARM, CaseKind.CHART, CaseKind.SHORTAGE, CaseKind.OUTLOOK,
        CaseKind.PICTURES, CaseKind.SET_POINT,
    )
]  # fmt: skip
WITHOUT_SHIFT_US = 8 * HOUR


def makes_room(tx: Connection, case: Mapping[str, Any], at_us: int) -> bool:
    """True when a new case of a model may open; withdraws a less valuable one when it has to."""
    bound = policy_in_force(tx).cases_per_shift
    new = _new_ones(tx, case, at_us)
    if len([row for row in new if row["state"] != CaseState.WITHDRAWN]) < bound:
        return True
    unseen = [row for row in new if row["state"] == CaseState.PROPOSED]
    least = min(unseen, key=lambda row: (row["benefit_cents"], row["number"]), default=None)
    if least is None or least["benefit_cents"] >= case["benefit_cents"]:
        return False
    reason = f"More valuable advice came; at most {bound} new cases a shift"
    end(tx, least, CaseState.WITHDRAWN, reason, at_us, "withdrawn")
    return True


def _new_ones(tx: Connection, case: Mapping[str, Any], at_us: int) -> list[dict[str, Any]]:
    """Cases that models opened in this shift for the supervisor on duty; for the site without a roster."""
    c, unit = t.cases.c, case["equipment_id"]
    shift = shift_at(tx, line_of(unit), at_us)
    since = shift["start_us"] if shift else at_us - WITHOUT_SHIFT_US
    duty = next((d for d in approvals.on_duty(tx, unit, at_us) if d["position"] == 0), None)
    place = duty["equipment_id"] if duty else case["site_id"]
    query = select(c.case_id, c.number, c.state, c.version, c.benefit_cents).where(
        under(c.equipment_id, place), c.kind.in_(COUNTED), c.opened_us >= since
    )
    return [dict(row) for row in tx.execute(query).mappings()]
