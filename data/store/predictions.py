"""Rows of predictions, their windows and explanations, and what waits to be done about them.

Nothing here commits. A prediction exists once per model version, machine and time: `add` holds a
lock until the transaction ends, leaves out what is stored already, and says which rows were new.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, text, update

from data.store import tables as t
from data.store.upsert import insert_ignore
from data.store.waiting import reached
from domain.prediction import PredictionStatus

Row = Mapping[str, Any]
STORE_LOCK = 7_246_003
LONGEST_WAIT_US = 300_000_000  # before the recommender tries a prediction again
_P = t.predictions.c


class Made(NamedTuple):
    """A prediction's rows: itself, and where there is one its window and its explanation."""

    prediction: Row
    window: Row | None = None
    explanation: Row | None = None
    contributions: Sequence[Row] = ()


def register(tx: Connection, row: Row) -> None:
    """Record a model version; one that is known keeps its stage, its date and the hash of its file."""
    insert_ignore(tx, t.model_versions, [row])
    m = t.model_versions
    same = (m.c.name == row["name"]) & (m.c.version == row["version"])
    tx.execute(update(m).where(same).values(path=row["path"], card=row["card"]))


class Registered(NamedTuple):
    """Where a model version was registered from, and the SHA-256 of its file."""

    path: str
    sha256: str


def model_version(tx: Connection, key: tuple[str, str]) -> Registered | None:
    """A registered model version, by name and version."""
    m = t.model_versions.c
    row = tx.execute(select(m.path, m.sha256).where(m.name == key[0], m.version == key[1])).one_or_none()
    return None if row is None else Registered(row.path, row.sha256)


def units(
    tx: Connection, machine_types: Iterable[str], site_id: str = "", *, now: bool = False
) -> list[tuple[str, str]]:
    """(equipment id, machine type) of the assigned units of some types, of one site or of all; `now`: without
    those that are out of the plant."""
    e = t.equipment.c
    query = select(e.equipment_id, e.machine_type).where(
        e.level == "unit", e.assigned, e.machine_type.in_(list(machine_types))
    )
    if now:
        query = query.where(e.removed_us.is_(None))
    if site_id:
        query = query.where(e.equipment_id.startswith(f"{site_id}/", autoescape=True))
    return [(row[0], row[1]) for row in tx.execute(query.order_by(e.equipment_id))]


def unit(tx: Connection, equipment_id: str) -> tuple[str, str] | None:
    """(equipment id, machine type) of one machine."""
    e = t.equipment.c
    row = tx.execute(
        select(e.equipment_id, e.machine_type).where(e.equipment_id == equipment_id)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def last_at(tx: Connection, model: tuple[str, str], equipment_ids: Iterable[str]) -> dict[str, int]:
    """The plant time of the newest prediction of each machine by one model version."""
    found = {}
    for equipment_id in equipment_ids:
        query = select(func.max(_P.at_us)).where(*_of(model), _P.equipment_id == equipment_id)
        newest = tx.execute(query).scalar()
        if newest is not None:
            found[equipment_id] = int(newest)
    return found


def last_above(
    tx: Connection, model: tuple[str, str], equipment_id: str, before_us: int, limit: int
) -> list[bool]:
    """Whether the last known risks of a machine before a time were above the threshold, newest first."""
    query = (
        select(_P.above_threshold)
        .where(*_of(model), _P.equipment_id == equipment_id, _P.at_us < before_us)
        .where(_P.status == PredictionStatus.SCORED.value)
        .order_by(_P.at_us.desc())
        .limit(limit)
    )
    return [bool(found) for found in tx.execute(query).scalars()]


def has_open_case(tx: Connection, equipment_id: str) -> bool:
    """Whether a case is open on the machine."""
    c = t.cases.c
    query = select(c.case_id).where(c.equipment_id == equipment_id, c.open_key.is_not(None)).limit(1)
    return tx.execute(query).first() is not None


def add(tx: Connection, model: tuple[str, str], made: Sequence[Made]) -> list[Made]:
    """Store the predictions that are new, whole; returns those."""
    if not made:
        return []
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": STORE_LOCK})
    stored = _stored(tx, model, made)
    new = [one for one in made if (one.prediction["equipment_id"], one.prediction["at_us"]) not in stored]
    _insert(tx, t.predictions, [one.prediction for one in new])
    _insert(tx, t.windows, [one.window for one in new if one.window is not None])
    _insert(tx, t.explanations, [one.explanation for one in new if one.explanation is not None])
    _insert(tx, t.contributions, [row for one in new for row in one.contributions])
    return new


def explain(tx: Connection, explanation: Row, contributions: Sequence[Row]) -> None:
    """Store the explanation of an existing prediction, unless it has one."""
    if insert_ignore(tx, t.explanations, [explanation]):
        _insert(tx, t.contributions, contributions)


def waiting_requests(tx: Connection, limit: int) -> list[dict[str, Any]]:
    """Requests for an explanation, oldest first, with their predictions' rows."""
    r = t.explain_requests.c
    query = (
        select(t.predictions)
        .join(t.explain_requests, r.prediction_id == _P.prediction_id)
        .where(r.state == "waiting")
        .order_by(r.requested_wall_us)
        .limit(limit)
    )
    return [dict(row) for row in tx.execute(query).mappings()]


def finish_request(tx: Connection, prediction_id: str, state: str, detail: str) -> bool:
    """Close a waiting request. False: another worker was first."""
    r = t.explain_requests
    statement = update(r).where(r.c.prediction_id == prediction_id, r.c.state == "waiting")
    return bool(tx.execute(statement.values(state=state, detail=detail)).rowcount == 1)


def some(tx: Connection, prediction_id: str, newest: int) -> list[dict[str, Any]]:
    """The row of one prediction; without an id those of the newest `newest` that gave a figure."""
    query = select(t.predictions)
    if prediction_id:
        query = query.where(_P.prediction_id == prediction_id)
    else:
        query = (
            query.where(_P.status == PredictionStatus.SCORED.value).order_by(_P.at_us.desc()).limit(newest)
        )
    return [dict(row) for row in tx.execute(query).mappings()]


def window_of(tx: Connection, prediction_id: str) -> tuple[str, bytes] | None:
    """Shape and bytes of a stored window."""
    w = t.windows.c
    row = tx.execute(select(w.shape, w.data).where(w.prediction_id == prediction_id)).one_or_none()
    return None if row is None else (row.shape, bytes(row.data))


def newest_life(
    tx: Connection, model: tuple[str, str], equipment_id: str
) -> tuple[float, float, float] | None:
    """Low, expected and high remaining life of the newest known prediction of a machine."""
    query = (
        select(_P.rul_low, _P.rul, _P.rul_high)
        .where(*_of(model), _P.equipment_id == equipment_id, _P.status == PredictionStatus.SCORED.value)
        .order_by(_P.at_us.desc())
        .limit(1)
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def put_to_consider(tx: Connection, predictions: Sequence[Row]) -> None:
    """Queue predictions for the recommender."""
    rows = [
        {"prediction_id": p["prediction_id"], "at_us": p["at_us"], "next_try_wall_us": 0, "attempts": 0,
         "last_error": ""}
        for p in predictions
    ]  # fmt: skip
    insert_ignore(tx, t.to_consider, rows)


class DueToConsider(NamedTuple):
    """A prediction that waits for the recommender; `attempts` so far."""

    prediction_id: str
    at_us: int
    attempts: int


def due_to_consider(tx: Connection, now_wall_us: int, limit: int) -> list[DueToConsider]:
    """What is due, in order of plant time: whole moments, at least `limit` predictions if so many wait."""
    c = t.to_consider.c
    due = reached(c.next_try_wall_us, now_wall_us, LONGEST_WAIT_US)
    last = tx.execute(select(c.at_us).where(due).order_by(c.at_us).offset(limit - 1).limit(1)).scalar()
    query = select(c.prediction_id, c.at_us, c.attempts).where(due)
    query = query if last is None else query.where(c.at_us <= last)
    return [DueToConsider(*row) for row in tx.execute(query.order_by(c.at_us, c.prediction_id))]


def considered(tx: Connection, prediction_id: str) -> None:
    """The recommender has looked at it."""
    tx.execute(delete(t.to_consider).where(t.to_consider.c.prediction_id == prediction_id))


def try_later(tx: Connection, prediction_id: str, attempts: int, next_try_wall_us: int, error: str) -> None:
    """The recommender could not look at it."""
    row = {"attempts": attempts, "next_try_wall_us": next_try_wall_us, "last_error": error[:500]}
    tx.execute(update(t.to_consider).where(t.to_consider.c.prediction_id == prediction_id).values(**row))


def backlog(tx: Connection) -> dict[str, int]:
    """How much waits: explanations asked for, predictions to be considered."""
    waiting = select(func.count()).where(t.explain_requests.c.state == "waiting")
    unseen = select(func.count()).select_from(t.to_consider)
    return {
        "requests": int(tx.execute(waiting).scalar_one()),
        "to_consider": int(tx.execute(unseen).scalar_one()),
    }


def _of(model: tuple[str, str]) -> tuple[Any, Any]:
    return _P.model_name == model[0], _P.model_version == model[1]


def _stored(tx: Connection, model: tuple[str, str], made: Sequence[Made]) -> set[tuple[str, int]]:
    times: dict[str, list[int]] = {}
    for one in made:
        times.setdefault(one.prediction["equipment_id"], []).append(one.prediction["at_us"])
    found: set[tuple[str, int]] = set()
    for equipment_id, ats in times.items():
        query = select(_P.at_us).where(
            *_of(model), _P.equipment_id == equipment_id, _P.at_us.between(min(ats), max(ats))
        )
        found.update((equipment_id, at_us) for at_us in tx.execute(query).scalars())
    return found


def _insert(tx: Connection, table: Any, rows: Sequence[Row]) -> None:
    if rows:
        tx.execute(insert(table), [dict(row) for row in rows])
