"""The secrets of second factors are sealed with a key outside the database."""

from typing import Any

import sqlalchemy as sa
from alembic import context, op

from data.store.sealing import MARK, NO_KEY
from domain.errors import SettingsError

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

factors = sa.table("second_factors", sa.column("account_id", sa.Text), sa.column("secret", sa.Text))


def upgrade() -> None:
    """Go forward."""
    for account_id, secret in _rows(sealed=False):
        _set(account_id, _seal().seal(secret, account_id))


def downgrade() -> None:
    """Go back."""
    for account_id, secret in _rows(sealed=True):
        _set(account_id, _seal().open(secret, account_id))


def _rows(*, sealed: bool) -> list[Any]:
    rows = op.get_bind().execute(sa.select(factors.c.account_id, factors.c.secret)).all()
    return [row for row in rows if row.secret.startswith(MARK) == sealed]


def _set(account_id: str, secret: str) -> None:
    op.get_bind().execute(sa.update(factors).where(factors.c.account_id == account_id).values(secret=secret))


def _seal() -> Any:
    seal = context.config.attributes.get("seal")
    if seal is None:
        raise SettingsError(NO_KEY)
    return seal
