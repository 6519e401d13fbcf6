"""Signing in, sessions, and the management of users, on a real database."""

import json

import pytest
from sqlalchemy import func, select, update

from auth import sessions
from auth.permissions import Actor, Role
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, MINUTE, SECOND, wall_us
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, NotNow, NotSignedIn
from services import audit
from services.accounts import UNKNOWN, Accounts
from services.commands.accounts import AccountCommands
from services.signing import Signer
from tests import factories as f


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.us = wall_us()

    def __call__(self) -> int:
        return self.us


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def accounts(database: Database, watch: Watch) -> Accounts:
    return Accounts(database, 12, watch)


@pytest.fixture
def people(database: Database) -> tuple[Actor, Actor]:
    with database.write() as tx:
        f.site(tx)
        f.machine(tx)
        return f.account(tx, "sue"), f.account(tx, "ada", [Role.ADMINISTRATOR])


def signed_in(accounts: Accounts, username: str = "sue") -> str:
    return accounts.redeem(accounts.accepted(username, "10.0.0.1")).token


def test_a_ticket_opens_one_session_once(accounts: Accounts, people: tuple[Actor, Actor]) -> None:
    ticket = accounts.accepted("sue", "10.0.0.1")
    token = accounts.redeem(ticket).token
    assert accounts.actor(token) == people[0]
    with pytest.raises(NotSignedIn):
        accounts.redeem(ticket)


def test_a_ticket_is_good_for_seconds(accounts: Accounts, people: tuple[Actor, Actor], watch: Watch) -> None:
    ticket = accounts.accepted("sue", "10.0.0.1")
    watch.us += sessions.TICKET_US + SECOND
    with pytest.raises(NotSignedIn):
        accounts.redeem(ticket)


def test_nothing_in_the_database_opens_a_session(
    accounts: Accounts, people: tuple[Actor, Actor], database: Database
) -> None:
    token = signed_in(accounts)
    with database.read() as tx:
        stored = tx.execute(select(t.sessions.c.session_hash)).scalar_one()
    assert token != stored
    with pytest.raises(NotSignedIn):
        accounts.actor(stored)


@pytest.mark.parametrize("token", [None, "", "nonsense", "x" * 5_000])
def test_no_session_no_actor(accounts: Accounts, people: tuple[Actor, Actor], token: str | None) -> None:
    with pytest.raises(NotSignedIn):
        accounts.actor(token)


def test_signing_out_ends_the_session_for_good(accounts: Accounts, people: tuple[Actor, Actor]) -> None:
    token, other = signed_in(accounts), signed_in(accounts)
    accounts.sign_out(token)
    with pytest.raises(NotSignedIn):
        accounts.actor(token)
    assert accounts.actor(other) == people[0]


def test_a_session_ends_when_idle_but_not_in_use(
    accounts: Accounts, people: tuple[Actor, Actor], watch: Watch
) -> None:
    token = signed_in(accounts)
    for _ in range(5):
        watch.us += HOUR
        accounts.actor(token)
    watch.us += sessions.IDLE_US + MINUTE
    with pytest.raises(NotSignedIn, match="ended"):
        accounts.actor(token)


def test_a_session_ends_at_its_expiry_however_busy(
    accounts: Accounts, people: tuple[Actor, Actor], watch: Watch
) -> None:
    token = signed_in(accounts)
    for _ in range(11):
        watch.us += HOUR
        accounts.actor(token)
    watch.us += HOUR
    with pytest.raises(NotSignedIn):
        accounts.actor(token)


def test_roles_and_scopes_are_those_of_now(
    accounts: Accounts, people: tuple[Actor, Actor], database: Database
) -> None:
    token = signed_in(accounts)
    with database.write() as tx:
        tx.execute(update(t.accounts).where(t.accounts.c.username == "sue").values(roles="operator"))
    assert accounts.actor(token).roles == {Role.OPERATOR}


def test_holders_leave_out_what_has_ended(accounts: Accounts, people: tuple[Actor, Actor]) -> None:
    kept, ended = signed_in(accounts), signed_in(accounts)
    accounts.sign_out(ended)
    found = accounts.holders([sessions.digest(kept), sessions.digest(ended), "unknown"])
    assert list(found) == [sessions.digest(kept)]


def test_wrong_passwords_take_the_name_off_the_form(
    accounts: Accounts, people: tuple[Actor, Actor], watch: Watch
) -> None:
    for _ in range(5):
        assert "sue" in accounts.credentials("10.0.0.1")
        accounts.refused("sue", "10.0.0.1")
    assert "sue" not in accounts.credentials("10.0.0.1")
    assert "sue" in accounts.credentials("10.0.0.2")
    watch.us += 16 * MINUTE
    assert "sue" in accounts.credentials("10.0.0.1")


def test_an_unknown_name_is_counted_but_not_stored(
    accounts: Accounts, people: tuple[Actor, Actor], database: Database
) -> None:
    for _ in range(30):
        accounts.refused(None, "10.0.0.9")
    assert accounts.wait_us("10.0.0.9") > 0
    with database.read() as tx:
        assert set(tx.execute(select(t.sign_in_attempts.c.username)).scalars()) == {UNKNOWN}


def test_an_inactive_account_is_not_on_the_form_and_gets_no_ticket(
    accounts: Accounts, people: tuple[Actor, Actor], database: Database
) -> None:
    token = signed_in(accounts)
    with database.write() as tx:
        tx.execute(update(t.accounts).where(t.accounts.c.username == "sue").values(active=False))
    assert "sue" not in accounts.credentials("10.0.0.1")
    with pytest.raises(NotSignedIn):
        accounts.accepted("sue", "10.0.0.1")
    with pytest.raises(NotSignedIn):
        accounts.actor(token)


@pytest.fixture
def commands(database: Database) -> AccountCommands:
    return AccountCommands(database)


def entries(database: Database) -> int:
    with database.read() as tx:
        return int(tx.execute(select(func.count()).select_from(t.audit)).scalar_one())


def test_an_administrator_makes_a_user_who_can_sign_in(
    commands: AccountCommands, accounts: Accounts, people: tuple[Actor, Actor], database: Database
) -> None:
    password = commands.create(people[1], " Tom ", "Tom", [Role.OPERATOR], ["north/machining/line-1"])
    actor = accounts.actor(signed_in(accounts, "tom"))
    assert actor.roles == {Role.OPERATOR}
    assert actor.scopes == ("north/machining/line-1",)
    assert Signer(database).password_ok(actor, password)
    assert [action for _, action, _ in audited(database)] == ["created the user", "signed in"]


def test_only_administrators_manage_users(
    commands: AccountCommands, people: tuple[Actor, Actor], database: Database
) -> None:
    sue, ada = people
    for act in (
        lambda: commands.create(sue, "tom", "Tom", [Role.OPERATOR], ["north"]),
        lambda: commands.change_rights(sue, ada.account_id, [Role.OPERATOR], ["north"]),
        lambda: commands.set_active(sue, ada.account_id, False),
        lambda: commands.reset_password(sue, ada.account_id),
    ):
        with pytest.raises(Forbidden):
            act()
    assert entries(database) == 0


def test_rights_are_read_anew_before_a_write(
    commands: AccountCommands, people: tuple[Actor, Actor], database: Database
) -> None:
    with database.write() as tx:
        tx.execute(update(t.accounts).where(t.accounts.c.username == "ada").values(roles="operator"))
    with pytest.raises(Forbidden):
        commands.reset_password(people[1], people[0].account_id)


def test_nobody_raises_their_own_rights(commands: AccountCommands, people: tuple[Actor, Actor]) -> None:
    with pytest.raises(Forbidden):
        commands.change_rights(people[1], people[1].account_id, [Role.PLANT_MANAGER], ["north"])


def test_one_active_administrator_remains(
    commands: AccountCommands, people: tuple[Actor, Actor], database: Database
) -> None:
    with database.write() as tx:
        other = f.account(tx, "eve", [Role.ADMINISTRATOR])
    commands.set_active(other, people[1].account_id, False)
    with database.write() as tx:
        tx.execute(update(t.accounts).where(t.accounts.c.username == "ada").values(active=True))
        tx.execute(update(t.accounts).where(t.accounts.c.username == "eve").values(active=False))
    with pytest.raises(NotSignedIn):
        commands.set_active(other, people[1].account_id, False)
    with database.write() as tx:
        tx.execute(update(t.accounts).where(t.accounts.c.username == "eve").values(active=True))
        tx.execute(update(t.accounts).where(t.accounts.c.username == "ada").values(active=False))
    with pytest.raises(Forbidden):
        commands.set_active(other, other.account_id, False)


def test_deactivation_and_new_passwords_end_sessions_at_once(
    commands: AccountCommands, accounts: Accounts, people: tuple[Actor, Actor]
) -> None:
    sue, ada = people
    token = signed_in(accounts)
    commands.set_active(ada, sue.account_id, False)
    commands.set_active(ada, sue.account_id, True)
    with pytest.raises(NotSignedIn):
        accounts.actor(token)
    token = signed_in(accounts)
    new = commands.reset_password(ada, sue.account_id)
    with pytest.raises(NotSignedIn):
        accounts.actor(token)
    token = signed_in(accounts)
    commands.change_own_password(sue, new, "a much better one")
    with pytest.raises(NotSignedIn):
        accounts.actor(token)


@pytest.mark.parametrize("username", ["x", "with space", "<b>", "a" * 41, "\u00fcml\u00e4ut"])
def test_user_names_are_plain(commands: AccountCommands, people: tuple[Actor, Actor], username: str) -> None:
    with pytest.raises(InvalidInput):
        commands.create(people[1], username, "Name", [Role.OPERATOR], ["north"])


def test_taken_names_and_unknown_places_are_refused(
    commands: AccountCommands, people: tuple[Actor, Actor]
) -> None:
    ada = people[1]
    with pytest.raises(Conflict):
        commands.create(ada, "sue", "Sue", [Role.OPERATOR], ["north"])
    with pytest.raises(InvalidInput):
        commands.create(ada, "tom", "Tom", [Role.OPERATOR], ["south"])
    with pytest.raises(InvalidInput):
        commands.create(ada, "tom", "Tom", [], ["north"])
    with pytest.raises(NotFound):
        commands.reset_password(ada, "no such account")


def test_five_wrong_passwords_at_a_signature_make_one_wait(
    database: Database, people: tuple[Actor, Actor]
) -> None:
    sue, signer = people[0], Signer(database)
    assert signer.password_ok(sue, f.PASSWORD)
    for _ in range(5):
        assert not signer.password_ok(sue, "wrong horse battery")
    with pytest.raises(NotNow):
        signer.password_ok(sue, f.PASSWORD)


def audited(database: Database) -> list[tuple[str, str, str]]:
    a = t.audit.c
    with database.read() as tx:
        rows = tx.execute(select(a.actor, a.action, a.subject_id).order_by(a.entry))
        return [tuple(row) for row in rows]


def test_who_came_went_and_was_refused_is_in_the_audit(
    accounts: Accounts, people: tuple[Actor, Actor], database: Database
) -> None:
    sue = people[0].account_id
    accounts.refused("sue", "10.0.0.1")
    accounts.refused(None, "10.0.0.9")
    token = signed_in(accounts)
    accounts.sign_out(token)
    accounts.sign_out(token)
    accounts.sign_out("no such session")
    assert audited(database) == [
        ("system", "refused a sign-in", sue),
        ("system", "refused a sign-in", UNKNOWN),
        (sue, "signed in", sue),
        (sue, "signed out", sue),
    ]
    accounts.open_session("sue")
    assert audited(database)[-1] == ("system", "opened a session without a password", sue)
    assert audit.verify(database).entries == 5


def test_the_audit_of_a_refused_attempt_holds_the_address_and_never_what_was_typed(
    accounts: Accounts, people: tuple[Actor, Actor], database: Database
) -> None:
    accounts.refused(None, "10.0.0.9")
    accounts.redeem(accounts.accepted("sue", "10.0.0.1"), "10.0.0.1")
    with database.read() as tx:
        details = list(tx.execute(select(t.audit.c.detail).order_by(t.audit.c.entry)).scalars())
    assert [json.loads(d) for d in details] == [{"address": "10.0.0.9"}, {"address": "10.0.0.1"}]


def test_a_wrong_password_at_a_signature_is_in_the_audit(
    database: Database, people: tuple[Actor, Actor]
) -> None:
    sue = people[0]
    assert not Signer(database).password_ok(sue, "wrong horse battery")
    assert audited(database) == [(sue.account_id, "gave a wrong password or code", sue.account_id)]


def test_every_change_of_an_account_is_in_the_audit(
    commands: AccountCommands, people: tuple[Actor, Actor], database: Database
) -> None:
    sue, ada = people
    commands.create(ada, "tom", "Tom", [Role.OPERATOR], ["north"])
    commands.change_rights(ada, sue.account_id, [Role.TECHNICIAN], ["north"])
    commands.set_active(ada, sue.account_id, False)
    commands.set_active(ada, sue.account_id, True)
    new = commands.reset_password(ada, sue.account_id)
    commands.change_own_password(sue, new, "a much better one")
    assert [action for _, action, _ in audited(database)] == [
        "created the user", "changed the rights of", "deactivated", "activated", "reset the password of",
        "changed the own password",
    ]  # fmt: skip
    assert audit.verify(database).entries == 6
