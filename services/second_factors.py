"""A person's second factor: enrolled by oneself, confirmed by a first code, then asked at every signature."""

from sqlalchemy import Connection, delete, select, update

from auth import second_factor
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import upsert

_F = t.second_factors.c


def confirmed(database: Database, account_id: str) -> str | None:
    """The secret of a confirmed second factor; None when the person has none."""
    with database.read() as tx:
        query = select(_F.secret).where(_F.account_id == account_id, _F.confirmed)
        found: str | None = tx.execute(query).scalar_one_or_none()
        return found


def use(database: Database, account_id: str, code: str, now_us: int) -> bool:
    """Take a code, once. False: wrong, or used before, also by somebody at the same moment."""
    with database.write() as tx:
        return _use(tx, account_id, code, now_us) is not None


def begin(tx: Connection, account_id: str, now_us: int) -> str:
    """A new secret, not yet confirmed; one that is confirmed stays until it is removed."""
    secret = second_factor.new_secret()
    row = {
        "account_id": account_id,
        "secret": secret,
        "confirmed": False,
        "last_step": 0,
        "set_wall_us": now_us,
    }
    upsert(tx, t.second_factors, [row], ["account_id"])
    return secret


def confirm(tx: Connection, account_id: str, code: str, now_us: int) -> bool:
    """Take the first code: from now on every signature needs one."""
    if _use(tx, account_id, code, now_us) is None:
        return False
    tx.execute(update(t.second_factors).where(_F.account_id == account_id).values(confirmed=True))
    return True


def remove(tx: Connection, account_id: str) -> bool:
    """Forget it. False: there was none."""
    return tx.execute(delete(t.second_factors).where(_F.account_id == account_id)).rowcount == 1


def _use(tx: Connection, account_id: str, code: str, now_us: int) -> int | None:
    query = select(_F.secret, _F.last_step).where(_F.account_id == account_id).with_for_update()
    row = tx.execute(query).one_or_none()
    step = None if row is None else second_factor.matching_step(row.secret, code, now_us, row.last_step)
    if step is not None:
        tx.execute(update(t.second_factors).where(_F.account_id == account_id).values(last_step=step))
    return step
