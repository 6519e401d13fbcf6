"""A person's second factor: enrolled by oneself, confirmed by a first code, then asked at every signature.

The secret is stored sealed. Without its key nobody can set one up, and whoever has one cannot sign: that
a key is missing never makes a second factor needless.
"""

from sqlalchemy import Connection, delete, select, update

from auth import second_factor
from data.store import tables as t
from data.store.database import Database
from data.store.sealing import NO_KEY, Seal
from data.store.upsert import insert_ignore
from domain.errors import NotNow, SettingsError

IN_USE = "remove the code that is in use first"
_F = t.second_factors.c


def is_set(database: Database, account_id: str) -> bool:
    """True when the person's signatures need a code."""
    with database.read() as tx:
        query = select(_F.account_id).where(_F.account_id == account_id, _F.confirmed)
        return tx.execute(query).first() is not None


def check(database: Database) -> int:
    """How many are stored. SettingsError when one of them does not open."""
    with database.read() as tx:
        rows = tx.execute(select(_F.account_id, _F.secret)).all()
    for row in rows:
        _needed(database.seal).open(row.secret, row.account_id)
    return len(rows)


def use(database: Database, account_id: str, code: str, now_us: int) -> bool:
    """Take a code, once. False: wrong, or used before, also by somebody at the same moment."""
    seal = _needed(database.seal)
    with database.write() as tx:
        return _use(tx, seal, account_id, code, now_us) is not None


def begin(tx: Connection, seal: Seal | None, account_id: str, now_us: int) -> str:
    """A new secret, not yet confirmed. NotNow while one is confirmed: it stays until it is removed."""
    query = select(_F.confirmed).where(_F.account_id == account_id).with_for_update()
    if tx.execute(query).scalar():
        raise NotNow(IN_USE)
    secret = second_factor.new_secret()
    row = {
        "account_id": account_id,
        "secret": _needed(seal).seal(secret, account_id),
        "confirmed": False,
        "last_step": 0,
        "set_wall_us": now_us,
    }
    tx.execute(delete(t.second_factors).where(_F.account_id == account_id, _F.confirmed.is_(False)))
    if not insert_ignore(tx, t.second_factors, [row]):
        raise NotNow(IN_USE)  # set up by the same person at the same moment
    return secret


def confirm(tx: Connection, seal: Seal | None, account_id: str, code: str, now_us: int) -> bool:
    """Take the first code: from now on every signature needs one."""
    if _use(tx, _needed(seal), account_id, code, now_us) is None:
        return False
    tx.execute(update(t.second_factors).where(_F.account_id == account_id).values(confirmed=True))
    return True


def remove(tx: Connection, account_id: str) -> bool:
    """Forget it. False: there was none."""
    return tx.execute(delete(t.second_factors).where(_F.account_id == account_id)).rowcount == 1


def _needed(seal: Seal | None) -> Seal:
    if seal is None:
        raise SettingsError(NO_KEY)
    return seal


def _use(tx: Connection, seal: Seal, account_id: str, code: str, now_us: int) -> int | None:
    query = select(_F.secret, _F.last_step).where(_F.account_id == account_id).with_for_update()
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    step = second_factor.matching_step(seal.open(row.secret, account_id), code, now_us, row.last_step)
    if step is not None:
        tx.execute(update(t.second_factors).where(_F.account_id == account_id).values(last_step=step))
    return step
