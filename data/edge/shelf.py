"""The gateway's own store: readings until they are sent, what was said last, alerts. SQLite, bounded.

Order is the order of arrival. What was sent is kept for a while, because Sparkplug data go without an
acknowledgement: after a break they are sent again, and the receiver stores each once. When the store is
full the oldest go, those that were sent first; what goes unsent is counted, and an `away` mark in its place
lets the receiver see the hole.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    func,
    select,
    update,
)

from data.store.database import Database
from data.store.upsert import upsert
from domain.edge import Alert, EdgeValue, Side
from domain.telemetry import Quality

KEPT_ALERTS = 10_000
PRUNE = 10_000  # rows looked at in one go
_metadata = MetaData()
_entries = Table(
    "entries",
    _metadata,
    Column("entry_id", Integer, primary_key=True),
    Column("device", Text, nullable=False),
    Column("metric", Text, nullable=False),  # empty: the device was away after what stands before
    Column("at_ms", BigInteger, nullable=False),
    Column("value", Float, nullable=False),
    Column("quality", Integer, nullable=False),
    Column("sent_ms", BigInteger),
)
_said = Table(
    "said",
    _metadata,
    Column("device", Text, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("value", Float, nullable=False),
    Column("quality", Integer, nullable=False),
)
_facts = Table(
    "facts", _metadata, Column("name", Text, primary_key=True), Column("value", BigInteger, nullable=False)
)
_alerts = Table(
    "alerts",
    _metadata,
    Column("alert_id", Integer, primary_key=True),
    Column("device", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("limit", Float, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("value", Float, nullable=False),
    Column("raised", Integer, nullable=False),
    Column("told", Integer, nullable=False),  # by the webhook
)
Index("ix_entries_sent_ms", _entries.c.sent_ms)
_ADD = "INSERT INTO entries (device, metric, at_ms, value, quality) VALUES (?, ?, ?, ?, ?)"


class Entry(NamedTuple):
    """A stored reading, or with an empty metric the mark that the device was away from here on."""

    entry_id: int
    value: EdgeValue

    @property
    def is_mark(self) -> bool:
        """True for the mark."""
        return not self.value.metric


class Shelf:
    """One file. Any thread may use it; each call is one transaction, durable when it returns."""

    def __init__(self, path: Path, most_rows: int) -> None:
        self._database = Database(f"sqlite:///{path}", pool_size=2)
        self._most = most_rows
        with self._database.write() as tx:
            _metadata.create_all(tx)
        self._rows = self._count()

    def append(self, values: Sequence[EdgeValue], now_ms: int) -> None:
        """Keep readings and marks in this order, and that the gateway is alive at `now_ms`."""
        newest = {one[:2]: one for one in values if one.metric}
        rows = [(one.device, one.metric, one.at_ms, float(one.value), int(one.quality)) for one in values]
        with self._database.write() as tx:
            if rows:
                tx.exec_driver_sql(_ADD, rows)
                columns = ("device", "metric", "at_ms", "value", "quality")
                said = [dict(zip(columns, one, strict=True)) for one in newest.values()]
                upsert(tx, _said, said, ["device", "metric"])
            _note(tx, {"alive_ms": now_ms})
            self._rows += len(rows)
            if self._rows > self._most:
                self._rows -= _make_room(tx, self._rows - self._most, self._rows)

    def said(self) -> dict[tuple[str, str], EdgeValue]:
        """The newest value of each (device, metric) that went into the store."""
        s = _said.c
        with self._database.read() as tx:
            rows = tx.execute(select(s.device, s.metric, s.at_ms, s.value, s.quality)).all()
        return {(row[0], row[1]): EdgeValue(*row[:4], Quality(row[4])) for row in rows}

    def next(self, after: int, most: int) -> list[Entry]:
        """Entries after an id, in order."""
        e = _entries.c
        columns = (e.entry_id, e.device, e.metric, e.at_ms, e.value, e.quality)
        query = select(*columns).where(e.entry_id > after).order_by(e.entry_id).limit(most)
        with self._database.read() as tx:
            return [Entry(row[0], EdgeValue(*row[1:5], Quality(row[5]))) for row in tx.execute(query)]

    def devices_after(self, after: int) -> set[str]:
        """The devices of the entries after an id."""
        query = select(_entries.c.device).where(_entries.c.entry_id > after).distinct()
        with self._database.read() as tx:
            return set(tx.execute(query).scalars())

    def sent(self, first: int, last: int, now_ms: int) -> None:
        """The entries first..last were handed to the broker at `now_ms`."""
        e = _entries.c
        with self._database.write() as tx:
            tx.execute(update(_entries).where(e.entry_id.between(first, last)).values(sent_ms=now_ms))

    def resend_from(self, since_ms: int) -> int:
        """The id before the first entry that was not sent, or was sent after `since_ms`."""
        e = _entries.c
        with self._database.read() as tx:
            waiting = tx.execute(select(func.min(e.entry_id)).where(e.sent_ms.is_(None))).scalar()
            recent = tx.execute(select(func.min(e.entry_id)).where(e.sent_ms >= since_ms)).scalar()
            newest = tx.execute(select(func.max(e.entry_id))).scalar() or 0
        found: list[int] = [one - 1 for one in (waiting, recent) if one is not None]
        return min(found, default=newest)

    def forget_sent(self, before_ms: int) -> None:
        """Delete what was sent before that time, in small steps. The newest entry stays: ids only grow."""
        e = _entries.c
        with self._database.write() as tx:
            newest = tx.execute(select(func.max(e.entry_id))).scalar() or 0
            which = select(e.entry_id).where(e.sent_ms < before_ms, e.entry_id < newest).limit(PRUNE)
            self._rows -= tx.execute(delete(_entries).where(e.entry_id.in_(which))).rowcount

    def fact(self, name: str) -> int | None:
        """A remembered number: `bd_seq`, `alive_ms`, `dropped`."""
        with self._database.read() as tx:
            found: int | None = tx.execute(select(_facts.c.value).where(_facts.c.name == name)).scalar()
        return found

    def note(self, **facts: int) -> None:
        """Remember numbers."""
        with self._database.write() as tx:
            _note(tx, facts)

    def waiting(self) -> tuple[int, int | None]:
        """How many entries wait to be sent, and the source time of the oldest."""
        e = _entries.c
        with self._database.read() as tx:
            row = tx.execute(select(func.count(), func.min(e.at_ms)).where(e.sent_ms.is_(None))).one()
        return int(row[0]), row[1]

    def alert(self, alerts: Iterable[Alert], *, told: bool) -> None:
        """Keep alerts; `told` when nobody else is to hear of them."""
        rows = [{**one._asdict(), "raised": int(one.raised), "told": int(told)} for one in alerts]
        with self._database.write() as tx:
            tx.execute(_alerts.insert(), rows)
            newest = tx.execute(select(func.max(_alerts.c.alert_id))).scalar() or 0
            tx.execute(delete(_alerts).where(_alerts.c.alert_id <= newest - KEPT_ALERTS))

    def alerts(self, most: int = 100, *, untold: bool = False) -> list[tuple[int, Alert]]:
        """Alerts with their ids: the newest first, or those that nobody was told of, the oldest first."""
        a = _alerts.c
        columns = (a.alert_id, a.device, a.metric, a.side, a.limit, a.at_ms, a.value, a.raised)
        query = select(*columns).limit(most)
        query = query.where(a.told == 0).order_by(a.alert_id) if untold else query.order_by(a.alert_id.desc())
        with self._database.read() as tx:
            rows = tx.execute(query).all()
        return [(row[0], Alert(row[1], row[2], Side(row[3]), *row[4:7], bool(row[7]))) for row in rows]

    def told(self, alert_id: int) -> None:
        """The webhook has taken this alert."""
        with self._database.write() as tx:
            tx.execute(update(_alerts).where(_alerts.c.alert_id == alert_id).values(told=1))

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

    def _count(self) -> int:
        with self._database.read() as tx:
            return int(tx.execute(select(func.count()).select_from(_entries)).scalar_one())


def _note(tx: Connection, facts: dict[str, int]) -> None:
    upsert(tx, _facts, [{"name": name, "value": value} for name, value in facts.items()], ["name"])


def _make_room(tx: Connection, surplus: int, total: int) -> int:
    """Delete the `surplus` oldest and some more, so that this is rare; what was sent stands first."""
    e = _entries.c
    oldest = select(e.entry_id).order_by(e.entry_id).limit(surplus + min(PRUNE, total // 50))
    last = tx.execute(select(func.max(oldest.subquery().c.entry_id))).scalar_one()
    gone = e.entry_id <= last
    unsent = (gone) & e.sent_ms.is_(None)
    lost = tx.execute(
        select(e.device, func.count(), func.max(e.at_ms)).where(unsent, e.metric != "").group_by(e.device)
    ).all()
    deleted = tx.execute(delete(_entries).where(gone)).rowcount
    marks = [
        {
            "entry_id": last - place, "device": device, "metric": "", "at_ms": at_ms, "value": 0.0,
            "quality": int(Quality.BAD),
        }
        for place, (device, _, at_ms) in enumerate(lost)
    ]  # fmt: skip
    if marks:
        tx.execute(_entries.insert(), marks)
        before = tx.execute(select(_facts.c.value).where(_facts.c.name == "dropped")).scalar() or 0
        _note(tx, {"dropped": before + sum(row[1] for row in lost)})
    return int(deleted) - len(marks)
