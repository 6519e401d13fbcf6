"""The key that seals what is stored of second factors: from the environment, else a file beside the data.

It is never in the database: whoever gets a copy of the database alone cannot make codes.
"""

import os
import stat
from pathlib import Path

from sqlalchemy import inspect, select

from data.store import tables as t
from data.store.database import Database
from data.store.sealing import MARK, Seal, new_key
from domain.errors import SettingsError
from runtime.settings import Settings

FILE = "secret.key"
LOST = (
    "second factors are stored, but their key is missing: put {path} back, or set TAKTWISE_SECRET_KEY; "
    "where it is lost, an administrator removes the second factors of all people, who set them up anew"
)


def load(settings: Settings) -> Seal | None:
    """The key, or None without any. SettingsError when its file can be read by others."""
    if settings.secret_key:
        return Seal([key.strip() for key in settings.secret_key.split(",")])
    path = settings.var_dir / FILE
    if not path.exists():
        return None
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SettingsError(f"{path} can be read by others: chmod 600 {path}")
    return Seal(path.read_text().split())


def ensure(settings: Settings) -> Seal:
    """The key; a new one where there is none and nothing is sealed yet. SettingsError when it was lost."""
    found = load(settings)
    if found is not None:
        return found
    path = settings.var_dir / FILE
    if _anything_sealed(settings):
        raise SettingsError(LOST.format(path=path))
    _make(path)
    made = load(settings)
    assert made is not None  # noqa: S101 - it was made one line above, by us or by somebody beside us
    return made


def _make(path: Path) -> None:
    """Whole or not at all; whoever comes second keeps the key of the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{FILE}.{os.getpid()}")
    draft.touch(mode=0o600, exist_ok=False)
    draft.write_text(new_key() + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _anything_sealed(settings: Settings) -> bool:
    database = Database(settings.store_url, pool_size=1)
    try:
        with database.read() as tx:
            if not inspect(tx).has_table("second_factors"):
                return False
            sealed = select(t.second_factors.c.account_id).where(t.second_factors.c.secret.startswith(MARK))
            return tx.execute(sealed.limit(1)).first() is not None
    finally:
        database.close()
