"""Hashes fit the sign-in form's own check, and weak passwords are refused."""

import pytest
from streamlit_authenticator import Hasher

from auth import passwords
from domain.errors import InvalidInput


def test_the_form_accepts_our_hashes_and_we_accept_its() -> None:
    ours = passwords.hash_password("right horse battery")
    assert Hasher.check_pw("right horse battery", ours)
    assert not Hasher.check_pw("wrong horse battery", ours)
    assert passwords.matches("right horse battery", Hasher.hash("right horse battery"))
    assert not passwords.matches("wrong", ours)


def test_a_broken_hash_or_an_endless_password_is_simply_wrong() -> None:
    assert not passwords.matches("x" * 5_000, passwords.hash_password("right horse battery"))
    assert not passwords.matches("anything", "no hash at all")


@pytest.mark.parametrize("weak", ["short", "aaaaaaaaaaaa", "supervisor-1", " spaces around ", "\u00e9" * 40])
def test_weak_passwords_are_refused(weak: str) -> None:
    with pytest.raises(InvalidInput):
        passwords.check_new(weak, "supervisor")


def test_a_temporary_password_passes_our_own_rule() -> None:
    passwords.check_new(passwords.temporary(), "supervisor")
