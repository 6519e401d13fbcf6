"""`POST /drafts`: only for whoever is signed in, only one's own, within bounds."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from auth.sessions import SESSION_COOKIE
from data.store.database import Database
from runtime import web_drafts
from runtime.web_security import Gate
from services.accounts import Accounts
from services.commands.drafts import LONGEST, MOST, DraftCommands
from tests import factories as f
from tests.runtime.test_web_security import ORIGIN, Client

TEXT = "the belt \u2013 \u00fcber"


@pytest.fixture
def drafts(database: Database) -> DraftCommands:
    return DraftCommands(database)


@pytest.fixture
def accounts(database: Database) -> Accounts:
    return Accounts(database, 12)


@pytest.fixture
def client(accounts: Accounts, drafts: DraftCommands) -> Client:
    routes = web_drafts.routes(accounts, drafts)
    return Client(Starlette(routes=routes, middleware=[Middleware(Gate, public_https=False)]))


def body(account: str, **changes: Any) -> dict[str, Any]:
    return {"account": account, "subject": "reject:c-1", "text": TEXT, "uses": 0} | changes


def test_words_are_kept_for_whoever_is_signed_in(
    database: Database, client: Client, accounts: Accounts, drafts: DraftCommands
) -> None:
    with database.write() as tx:
        sue, tom = f.account(tx, "sue"), f.account(tx, "tom")
    headers = {"cookie": f"{SESSION_COOKIE}={accounts.open_session('sue').token}", **ORIGIN}
    assert client.post("/drafts", json=body(sue.account_id), headers=headers).status_code == 204
    assert drafts.load(sue, "reject:c-1").content == TEXT
    assert client.post("/drafts", json=body(tom.account_id), headers=headers).status_code == 403
    assert client.post("/drafts", json=body(sue.account_id), headers=ORIGIN).status_code == 401
    assert (
        client.post("/drafts", json=body(sue.account_id), headers={"cookie": headers["cookie"]}).status_code
        == 403
    )
    assert client.post("/drafts", json=body(sue.account_id, uses=1), headers=headers).status_code == 409
    assert drafts.load(tom, "reject:c-1").content == ""


@pytest.mark.parametrize(
    "changes", [{"uses": -1}, {"uses": "0"}, {"subject": ""}, {"subject": "x" * 201}, {"more": 1},
                {"subject": "mine:1"},
                {"text": "x" * (LONGEST + 1)}, {"text": None}]
)  # fmt: skip
def test_nonsense_is_refused(
    database: Database, client: Client, accounts: Accounts, changes: dict[str, Any]
) -> None:
    with database.write() as tx:
        sue = f.account(tx, "sue")
    headers = {"cookie": f"{SESSION_COOKIE}={accounts.open_session('sue').token}", **ORIGIN}
    assert client.post("/drafts", json=body(sue.account_id, **changes), headers=headers).status_code == 422
    assert client.post("/drafts", content=b"{", headers=headers).status_code == 422
    large = b"x" * (web_drafts.MOST_BYTES + 1)
    assert client.post("/drafts", content=large, headers=headers).status_code == 413


def test_too_many_unfinished_texts_are_told_apart_from_too_long_ones(
    database: Database, client: Client, accounts: Accounts, drafts: DraftCommands
) -> None:
    with database.write() as tx:
        sue = f.account(tx, "sue")
    for k in range(MOST):
        drafts.save(sue, f"comment:{k}", "w")
    headers = {"cookie": f"{SESSION_COOKIE}={accounts.open_session('sue').token}", **ORIGIN}
    assert client.post("/drafts", json=body(sue.account_id), headers=headers).status_code == 507
