"""The handover of a line as it fills itself, or as it was signed."""

from collections.abc import Mapping
from typing import Any

from auth.permissions import Permission
from data.store import care as store
from domain.errors import NotFound
from services import handover
from services.context import Context
from services.queries.common import names_of, people
from services.rows.care import HandoverView
from services.signing import hash_of

SHOWN = 6


def current(context: Context, line_id: str) -> HandoverView:
    """The running shift's handover: live until it is signed."""
    _check(context, line_id)
    with context.database.read() as tx:
        place = names_of(tx, [line_id]).get(line_id, line_id)
        shift = store.shift_at(tx, line_id, context.now_us)
        end_us = shift["end_us"] if shift else 0
        found = next((r for r in store.last_handovers(tx, line_id, 1) if r["shift_end_us"] == end_us), None)
        if found is not None:
            names = people(tx, (found["outgoing"], found["incoming"]))
            return _signed(found, place, names, context)
        items = handover.collect(tx, line_id, context.now_us)
    may = context.actor.may(Permission.HAND_OVER, line_id) and shift is not None
    return HandoverView(
        equipment_id=line_id,
        place=place,
        shift_name=shift["name"] if shift else "",
        shift_end_us=end_us,
        state="open",
        items=items,
        remarks="",
        outgoing="",
        signed_us=None,
        incoming="",
        accepted_us=None,
        content_hash=hash_of(handover.to_json(items)),
        may_sign=may,
        may_accept=False,
    )


def earlier(context: Context, line_id: str) -> tuple[HandoverView, ...]:
    """Signed handovers, newest first."""
    _check(context, line_id)
    with context.database.read() as tx:
        rows = store.last_handovers(tx, line_id, SHOWN)
        place = names_of(tx, [line_id]).get(line_id, line_id)
        names = people(tx, [i for r in rows for i in (r["outgoing"], r["incoming"])])
    return tuple(_signed(row, place, names, context) for row in rows)


def _check(context: Context, line_id: str) -> None:
    context.actor.require(Permission.SEE_CASES)
    if not context.actor.may(Permission.SEE_CASES, line_id):
        raise NotFound(f"no line {line_id!r}")


def _signed(row: Mapping[str, Any], place: str, names: Mapping[str, str], context: Context) -> HandoverView:
    mine = row["outgoing"] == context.actor.account_id
    return HandoverView(
        equipment_id=row["equipment_id"],
        place=place,
        shift_name="",
        shift_end_us=row["shift_end_us"],
        state="accepted" if row["incoming"] else "signed",
        items=handover.from_json(row["content"]),
        remarks=row["remarks"],
        outgoing=names.get(row["outgoing"], row["outgoing"]),
        signed_us=row["signed_us"],
        incoming=names.get(row["incoming"] or "", ""),
        accepted_us=row["accepted_us"],
        content_hash=row["content_hash"],
        may_sign=False,
        may_accept=not row["incoming"]
        and not mine
        and context.actor.may(Permission.HAND_OVER, row["equipment_id"]),
    )
