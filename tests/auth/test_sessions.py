"""Sessions end, attempts are throttled, and no address leads away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth import sessions
from auth.sessions import Failure, Session
from domain.clock import HOUR, MINUTE, SECOND

NOW = 1_000 * HOUR


def failures(
    count: int, username: str = "sue", address: str = "10.0.0.1", every: int = SECOND
) -> list[Failure]:
    return [Failure(username, address, NOW - k * every) for k in range(count)]


@pytest.mark.parametrize(
    ("session", "alive"),
    [
        (Session("h", "a", NOW - MINUTE, NOW + HOUR, False), True),
        (Session("h", "a", NOW - MINUTE, NOW + HOUR, True), False),
        (Session("h", "a", NOW - MINUTE, NOW, False), False),
        (Session("h", "a", NOW - sessions.IDLE_US - 1, NOW + HOUR, False), False),
    ],
)
def test_a_session_lives_until_it_is_revoked_expired_or_idle(session: Session, alive: bool) -> None:
    assert sessions.alive(session, NOW) is alive


def test_five_wrong_passwords_block_the_name_from_that_address_only() -> None:
    assert sessions.blocked_names(failures(4), "10.0.0.1", NOW) == frozenset()
    assert sessions.blocked_names(failures(5), "10.0.0.1", NOW) == {"sue"}
    assert sessions.blocked_names(failures(5), "10.0.0.2", NOW) == frozenset()


def test_the_block_ends() -> None:
    wrong = failures(5)
    assert sessions.blocked_names(wrong, "10.0.0.1", NOW + 16 * MINUTE) == frozenset()


def test_many_addresses_together_block_a_name_everywhere() -> None:
    wrong = [Failure("sue", f"10.0.1.{k}", NOW - k * SECOND) for k in range(50)]
    assert sessions.blocked_names(wrong, "192.0.2.1", NOW) == {"sue"}


def test_an_address_that_tries_many_names_must_wait() -> None:
    wrong = [Failure(f"user{k}", "10.0.0.9", NOW - k * SECOND) for k in range(30)]
    assert sessions.address_blocked_until(wrong, "10.0.0.9", NOW) > NOW
    assert sessions.address_blocked_until(wrong, "10.0.0.8", NOW) == 0


@pytest.mark.parametrize("target", ["/machine?id=north/x", "/", "/case?number=2211", "/inbox#top"])
def test_a_path_of_ours_survives_the_sign_in(target: str) -> None:
    assert sessions.safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example",
        "javascript:alert(1)", "evil.example", "", "/auth/session?t=x", "/\tx",
        "/x\r\nSet-Cookie: a=b", "http:/evil.example", "/\u2028x",
    ],
)  # fmt: skip
def test_an_address_that_leads_away_becomes_the_start(target: str) -> None:
    assert sessions.safe_next(target) == "/"


@given(st.text(max_size=60))
def test_whatever_comes_the_answer_is_a_path_of_ours(target: str) -> None:
    answer = sessions.safe_next(target)
    assert answer.startswith("/")
    assert not answer.startswith(("//", "/\\"))


def test_tokens_are_long_and_stored_as_digests() -> None:
    one, other = sessions.new_token(), sessions.new_token()
    assert one != other
    assert len(one) >= 43
    assert one not in sessions.digest(one)
