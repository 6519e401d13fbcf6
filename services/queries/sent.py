"""Reads for the screen *Sent orders*: how fast and how surely decisions reach MES and ERP."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, distinct, func, or_, select

from auth.permissions import Permission
from data.store import tables as t
from domain.messages import CommandState
from services.context import Context
from services.queries.common import in_scope, portions
from services.rows.sent import Hand, OddStock, Receiver, Sent

Orders = Sequence[Any]  # rows of _orders
MOST = 20_000
REASONS_SHOWN = 8
ODD_SHOWN = 50
_C, _M, _O, _R, _A = t.cases.c, t.commands.c, t.outbox.c, t.receipts.c, t.audit.c
_TAKEN = (CommandState.ACCEPTED.value, CommandState.DONE.value)
_OVER = (*_TAKEN, CommandState.REFUSED.value, CommandState.CANCELLED.value)


class SentQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def view(self, from_wall_us: int) -> Sent:
        """The orders that were written to the outbox since then (wall time), the newest MOST of them.

        Raises NotAllowed without the permission to see the history.
        """
        c = self._context
        c.actor.require(Permission.SEE_HISTORY)
        mine = in_scope(_C.equipment_id, c.actor) & (_C.site_id == c.site.site_id)
        with c.database.read() as tx:
            rows = _orders(tx, mine, from_wall_us)
            cases = sorted({row.case_id for row in rows})
            hands, acts = _hands(tx, cases)
            parts, odd = _stock(tx)
        queues = sorted({row.queue for row in rows})
        return Sent(
            whole=_receiver("", rows),
            receivers=tuple(_receiver(queue, [r for r in rows if r.queue == queue]) for queue in queues),
            cases=len(cases),
            acts=acts,
            hands=hands,
            reasons=tuple(_refusals(rows).most_common(REASONS_SHOWN)),
            parts=parts,
            odd=odd,
            cut=len(rows) == MOST,
        )


def _orders(tx: Connection, mine: ColumnElement[bool], from_wall_us: int) -> Orders:
    """Orders, not what took one back."""
    answered = (
        select(_R.command_id, func.min(_R.received_wall_us).label("answered_us"))
        .group_by(_R.command_id)
        .subquery()
    )
    query = (
        select(
            _M.case_id, _M.queue, _M.state, _M.detail,
            _O.created_wall_us, _O.sent_wall_us, answered.c.answered_us,
        )
        .join_from(t.outbox, t.commands, _M.command_id == _O.message_id)
        .join(t.cases, _C.case_id == _M.case_id)
        .join(answered, answered.c.command_id == _M.command_id, isouter=True)
        .where(mine, _M.cancels.is_(None), _O.created_wall_us >= from_wall_us)
        .order_by(_O.created_wall_us.desc(), _O.message_id)
        .limit(MOST)
    )  # fmt: skip
    rows: Orders = tx.execute(query).all()
    return rows


def _receiver(queue: str, rows: Orders) -> Receiver:
    states = Counter(row.state for row in rows)
    out = [row.sent_wall_us - row.created_wall_us for row in rows if row.sent_wall_us is not None]
    answered = sorted(r.answered_us - r.created_wall_us for r in rows if r.answered_us is not None)
    return Receiver(
        queue,
        orders=len(rows),
        accepted=sum(states[state] for state in _TAKEN),
        refused=states[CommandState.REFUSED.value],
        taken_back=states[CommandState.CANCELLED.value],
        waiting=sum(count for state, count in states.items() if state not in _OVER),
        out_us=round(median(out)) if out else None,
        half_us=round(median(answered)) if answered else None,
        most_us=answered[int(0.95 * (len(answered) - 1))] if answered else None,
        longest_us=answered[-1] if answered else None,
    )


def _refusals(rows: Orders) -> Counter[str]:
    return Counter(row.detail for row in rows if row.state == CommandState.REFUSED.value and row.detail)


def _hands(tx: Connection, cases: list[str]) -> tuple[tuple[Hand, ...], float | None]:
    """What people did at these cases by kind, and how much at one (median). The desk's own entries, and those
    of receivers, are no hands."""
    times, where, each = (
        Counter[str](),
        defaultdict[str, set[str]](set),
        Counter[str](dict.fromkeys(cases, 0)),
    )
    for some in portions(cases):
        query = (
            select(_A.action, _A.subject_id)
            .join_from(t.audit, t.accounts, t.accounts.c.account_id == _A.actor)
            .where(_A.subject_kind == "case", _A.subject_id.in_(some))
        )
        for action, case_id in tx.execute(query):
            times[action] += 1
            where[action].add(case_id)
            each[case_id] += 1
    hands = tuple(Hand(action, count, len(where[action])) for action, count in times.most_common())
    return hands, median(each.values()) if each else None


def _stock(tx: Connection) -> tuple[int, tuple[OddStock, ...]]:
    """How many parts the ERP told, and those whose record contradicts itself."""
    s = t.stock.c
    parts = tx.execute(select(func.count(distinct(s.part_id)))).scalar() or 0
    wrong = or_(s.on_hand < 0, s.reserved < 0, s.reserved > s.on_hand)
    rows = tx.execute(select(t.stock).where(wrong).order_by(s.part_id, s.module).limit(ODD_SHOWN))
    return parts, tuple(OddStock(row.part_id, row.name, row.module, _odd(row)) for row in rows)


def _odd(row: Row[Any]) -> str:
    if row.on_hand < 0:
        return f"{row.on_hand:g} on hand"
    if row.reserved < 0:
        return f"{row.reserved:g} reserved"
    return f"{row.reserved:g} reserved, {row.on_hand:g} on hand"
