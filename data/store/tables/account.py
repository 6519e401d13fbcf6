"""Accounts, sessions, one-time tickets, sign-in attempts, and the workers' heartbeats."""

from sqlalchemy import Index, Table

from data.store.tables.base import flag, metadata, serial, text, us, whole

accounts = Table(
    "accounts",
    metadata,
    text("account_id", key=True),
    text("username"),
    text("name"),
    text("password_hash"),
    text("roles"),  # comma-separated auth.permissions.Role values
    text("scopes"),  # comma-separated equipment ids
    flag("active"),
    us("created_wall_us"),
)
Index("uq_accounts_username", accounts.c.username, unique=True)
# Only a hash of the session id is stored: a copy of the database opens no session.
sessions = Table(
    "sessions",
    metadata,
    text("session_hash", key=True),
    text("account_id"),
    us("created_wall_us"),
    us("seen_wall_us"),
    us("expires_wall_us"),
    flag("revoked"),
)
tickets = Table(
    "tickets",
    metadata,
    text("ticket_hash", key=True),
    text("account_id"),
    us("expires_wall_us"),
    flag("used"),
)
sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    serial("attempt_id"),
    text("username"),
    text("address"),
    flag("accepted"),
    us("wall_us"),
)
Index("ix_sign_in_attempts_username", sign_in_attempts.c.username, sign_in_attempts.c.wall_us)
workers = Table(
    "workers",
    metadata,
    text("name", key=True),
    whole("pid"),
    text("state"),  # starting, running, restarting, stopped
    us("started_wall_us"),
    us("heartbeat_wall_us"),
    whole("restarts"),
    text("detail"),  # JSON: lag, backlog, rate
)
