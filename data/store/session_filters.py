"""Which filters an MQTT session of ours may hold at its broker."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select

from data.store import tables as t
from data.store.upsert import insert_ignore

_F = t.session_filters.c


def load(tx: Connection, client_id: str, broker: str) -> frozenset[str]:
    """None are known of a session that never was."""
    query = select(_F.filter).where(_F.client_id == client_id, _F.broker == broker)
    return frozenset(tx.execute(query).scalars())


def keep(tx: Connection, client_id: str, broker: str, filters: Iterable[str]) -> None:
    """These and no others from now on."""
    wanted = sorted(set(filters))
    of_session = (_F.client_id == client_id) & (_F.broker == broker)
    tx.execute(delete(t.session_filters).where(of_session, _F.filter.not_in(wanted)))
    rows = [{"client_id": client_id, "broker": broker, "filter": one} for one in wanted]
    insert_ignore(tx, t.session_filters, rows)
