"""The sign-in form: its answer, its way out, and nothing in it that has the script run by itself."""

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

import pages
from data.store import tables as t
from services.accounts import Accounts
from tests import factories as f
from tests.pages.conftest import Screens

WRONG = "User name or password is wrong"


def _script() -> None:
    from pages import bound
    from pages.account import sign_in

    sign_in.ask(bound().accounts, "127.0.0.1")


@pytest.fixture
def form(screens: Screens) -> AppTest:
    accounts = Accounts(screens.database, 12)
    pages.bind(pages.Bound(accounts, lambda _actor: (), screens.desk_of, "session"))
    return AppTest.from_function(_script, default_timeout=60).run()


def attempt(form: AppTest, name: str, password: str) -> AppTest:
    form.text_input[0].set_value(name)
    form.text_input[1].set_value(password)
    return form.button[0].click().run()


def way_out(form: AppTest) -> str:
    assert not form.exception
    return "".join(str(element.proto.json) for element in form.get("bidi_component"))


def attempts(screens: Screens) -> list[tuple[str, bool]]:
    c = t.sign_in_attempts.c
    with screens.database.read() as tx:
        return [tuple(row) for row in tx.execute(select(c.username, c.accepted).order_by(c.wall_us))]


def test_the_answer_stays_when_the_script_runs_once_more(form: AppTest, screens: Screens) -> None:
    assert not form.error
    for name in ("sue", "nobody"):
        attempt(form, name, "wrong horse battery")
        assert [e.value.startswith(WRONG) for e in form.error] == [True]
        form.run()
        assert [e.value.startswith(WRONG) for e in form.error] == [True]
    assert attempts(screens) == [("sue", False), ("(unknown)", False)]


def test_nothing_in_the_form_runs_the_script_by_itself(form: AppTest) -> None:
    """A component that answers while a password is being checked breaks the check off, without a word."""
    assert len(form.button) == 1
    assert len(form.text_input) == 2
    assert not form.get("component_instance")


def test_the_right_password_leads_out_once_and_takes_the_answer_away(form: AppTest, screens: Screens) -> None:
    attempt(form, "sue", "wrong horse battery")
    attempt(form, "sue", f.PASSWORD)
    assert "/auth/session?t=" in way_out(form)
    assert not form.error
    form.run()
    assert "/auth/session?t=" not in way_out(form)
    assert attempts(screens) == [("sue", False), ("sue", True)]


def test_a_way_out_that_was_broken_off_is_taken_by_the_next_run(form: AppTest, screens: Screens) -> None:
    form.session_state["sign_in_way_out"] = "/auth/session?t=abc"
    form.run()
    assert "/auth/session?t=abc" in way_out(form)
    assert attempts(screens) == []
