"""The key of stored second factors: made once, readable by its owner only, never made anew over a loss."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from data.store import migrate
from data.store import tables as t
from data.store.database import Database
from data.store.sealing import MARK, Seal, new_key
from domain.errors import SettingsError
from runtime import doctor, secret_key
from runtime.settings import Settings

SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var_dir=tmp_path / "var")


def store(settings: Settings, secret: str) -> None:
    """A row as an earlier version, or this one, has written it."""
    row = {"account_id": "acc-1", "secret": secret, "confirmed": True, "last_step": 0, "set_wall_us": 1}
    database = Database(settings.store_url)
    with database.write() as tx:
        tx.execute(insert(t.second_factors).values(row))
    database.close()


def stored(settings: Settings) -> str:
    database = Database(settings.store_url)
    with database.read() as tx:
        found = str(tx.execute(select(t.second_factors.c.secret)).scalar_one())
    database.close()
    return found


def test_the_key_is_made_once_and_for_its_owner_only(settings: Settings) -> None:
    assert secret_key.load(settings) is None
    made = secret_key.ensure(settings)
    path = settings.var_dir / secret_key.FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in settings.var_dir.glob(f"{secret_key.FILE}*")] == [secret_key.FILE]
    sealed = made.seal(SECRET, "acc-1")
    assert secret_key.ensure(settings).open(sealed, "acc-1") == SECRET
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        secret_key.load(settings)


def test_whoever_comes_second_keeps_the_key_of_the_first(settings: Settings) -> None:
    first = secret_key.ensure(settings)
    secret_key._make(settings.var_dir / secret_key.FILE)
    again = secret_key.load(settings)
    assert again is not None and again.open(first.seal(SECRET, "a"), "a") == SECRET


def test_the_environment_comes_first(settings: Settings) -> None:
    secret_key.ensure(settings)
    mine = new_key()
    chosen = secret_key.load(settings.model_copy(update={"secret_key": f"{mine}, {new_key()}"}))
    assert chosen is not None
    assert Seal([mine]).open(chosen.seal(SECRET, "a"), "a") == SECRET


def test_rows_of_earlier_versions_are_sealed_and_open(settings: Settings) -> None:
    settings.var_dir.mkdir()
    migrate.upgrade(settings.store_url, "0016")
    store(settings, SECRET)
    with pytest.raises(SettingsError):
        migrate.upgrade(settings.store_url)
    assert stored(settings) == SECRET, "a migration that was refused has changed something"
    seal = secret_key.ensure(settings)
    for _ in range(2):
        migrate.upgrade(settings.store_url, seal=seal)
        assert stored(settings).startswith(MARK)
        assert seal.open(stored(settings), "acc-1") == SECRET
    assert doctor._second_factors(settings).startswith("1 stored")
    migrate.downgrade(settings.store_url, "0016", seal=seal)
    assert stored(settings) == SECRET


def test_a_lost_key_is_told_and_no_new_one_takes_its_place(settings: Settings) -> None:
    settings.var_dir.mkdir()
    migrate.upgrade(settings.store_url)
    store(settings, Seal([new_key()]).seal(SECRET, "acc-1"))
    with pytest.raises(SettingsError, match="missing"):
        secret_key.ensure(settings)
    assert not (settings.var_dir / secret_key.FILE).exists()
    for other in ("", new_key()):
        with pytest.raises(SettingsError):
            doctor._second_factors(settings.model_copy(update={"secret_key": other}))
