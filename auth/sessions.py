"""Sessions, tickets and the throttling of sign-in, as rules over plain values. Times are wall microseconds.

A session id and a ticket are random and opaque; only their SHA-256 is stored.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from domain.clock import HOUR, MINUTE, SECOND

TICKET_US = 20 * SECOND
IDLE_US = 2 * HOUR
TOUCH_US = MINUTE
SESSION_COOKIE = "taktwise_session"


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser."""

    session_hash: str
    account_id: str
    seen_wall_us: int
    expires_wall_us: int
    revoked: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """One refused attempt to sign in."""

    username: str
    address: str
    wall_us: int


@dataclass(frozen=True, slots=True)
class Throttle:
    """At most `limit` failures within `window_us`, then a wait until the oldest of them leaves it."""

    limit: int
    window_us: int

    def wait_until(self, failures_us: Sequence[int], now_us: int) -> int:
        """The time from which one more attempt is heard; 0 when it is heard now."""
        recent = sorted(us for us in failures_us if us > now_us - self.window_us)
        return recent[-self.limit] + self.window_us if len(recent) >= self.limit else 0


PAIR = Throttle(5, 15 * MINUTE)
ADDRESS = Throttle(30, 15 * MINUTE)
USERNAME = Throttle(50, HOUR)
LOOK_BACK_US = HOUR


def new_token() -> str:
    """256 random bits, as text for a cookie or a URL."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def alive(session: Session, now_us: int) -> bool:
    """True while neither revoked, expired, nor idle for too long."""
    idle = now_us - session.seen_wall_us > IDLE_US
    return not session.revoked and now_us < session.expires_wall_us and not idle


def address_blocked_until(failures: Sequence[Failure], address: str, now_us: int) -> int:
    """The time until which nobody at the address may try; 0 when they may."""
    return ADDRESS.wait_until([f.wall_us for f in failures if f.address == address], now_us)


def blocked_names(failures: Sequence[Failure], address: str, now_us: int) -> frozenset[str]:
    """The names that may not be tried from the address now.

    Few failures from one address block that address only, so that a stranger cannot lock a person out.
    """
    names = {f.username for f in failures}
    return frozenset(name for name in names if _name_blocked(failures, name, address, now_us))


def _name_blocked(failures: Sequence[Failure], name: str, address: str, now_us: int) -> bool:
    anywhere = [f for f in failures if f.username == name]
    here = [f.wall_us for f in anywhere if f.address == address]
    return bool(PAIR.wait_until(here, now_us) or USERNAME.wait_until([f.wall_us for f in anywhere], now_us))


def safe_next(target: str) -> str:
    """The path to open after signing in; `/` for anything that could lead away from this desk."""
    parts = urlsplit(target)
    clean = target.isprintable() and "\\" not in target and not target.startswith("//")
    if parts.scheme or parts.netloc or not target.startswith("/") or not clean:
        return "/"
    return "/" if parts.path.startswith("/auth/") else target
