"""Passwords: bcrypt hashes that streamlit-authenticator's form can check, and the rule for new ones."""

import secrets

import bcrypt

from domain.errors import InvalidInput

SHORTEST = 10
LONGEST_BYTES = 72  # bcrypt reads no further
ROUNDS = 11  # of bcrypt; docs/decisions/0007-password-cost.md
# Of random bytes that nobody kept. Made once: a new one at every start costs 0.15 s.
_DECOY = b"$2b$11$S8yKlzbQNsKkD0YD41wRYOkw4SwFsPxijURgyHOrWIBsqWiE/4Qu2"


def hash_password(password: str) -> str:
    """A bcrypt hash with its own salt."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(ROUNDS)).decode()


def matches(password: str, password_hash: str) -> bool:
    """True when the password is the one that was hashed. Never raises."""
    try:
        return bcrypt.checkpw(password.strip().encode(), password_hash.encode())
    except ValueError:
        return False


def waste_a_check() -> None:
    """Take as long as a check takes, so that an unknown name answers no faster than a known one."""
    bcrypt.checkpw(b"decoy", _DECOY)


def check_new(password: str, username: str) -> None:
    """Raise InvalidInput with the rule that a new password breaks."""
    if password != password.strip():
        raise InvalidInput("a password neither begins nor ends with a space")
    if len(password) < SHORTEST:
        raise InvalidInput(f"a password has at least {SHORTEST} characters")
    if len(password.encode()) > LONGEST_BYTES:
        raise InvalidInput(f"a password has at most {LONGEST_BYTES} bytes")
    if username.lower() in password.lower() or len(set(password)) < 5:
        raise InvalidInput("that password is too easy to guess")


def temporary() -> str:
    """A random password to hand over once."""
    return secrets.token_urlsafe(12)
