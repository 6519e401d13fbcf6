"""Messages to people about a case: who is told what, over which channel, and when it may leave.

A message is a row, written in the transaction of what it is about. Inside the desk it is there at
once; e-mail, webhook and MQTT leave by the notifier, at least once, with the same id each time.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from data.store import notices as store
from data.store import tables as t
from domain.clock import wall_us
from domain.telling import may_tell_at
from services.policy.current import policy_in_force
from services.situation import Site

INSIDE = "app"
EVERYBODY = ""  # a webhook and an MQTT topic are read by a system, not by one person
PERSONAL = (INSIDE, "email")


def notice_id(*about: str) -> str:
    """The id of a message: the same matter, person and channel always give the same id."""
    return hashlib.sha256("|".join(about).encode()).hexdigest()[:32]


def rows_for(
    tx: Connection,
    site: Site,
    case: Mapping[str, Any],
    account_ids: Iterable[str],
    channels: Sequence[str],
    words: str,
    about: str,
    kind: str = "person",
) -> list[dict[str, Any]]:
    """The messages to these people. Without an e-mail address there is no e-mail."""
    people = list(dict.fromkeys(account_ids))
    c = t.contacts.c
    found = tx.execute(select(c.account_id, c.email).where(c.account_id.in_(people), c.email != ""))
    mail = {row.account_id: row.email for row in found}
    quiet = policy_in_force(tx).quiet
    leaves = site.clock.wall_at(may_tell_at(quiet, site.zone, site.now_us, case["deadline_us"]))
    made = []
    for channel in channels:
        for person in people if channel in PERSONAL else (EVERYBODY,):
            address = mail.get(person, "") if channel == "email" else ""
            if channel != "email" or address:
                made.append(_row(site, case, person, channel, address, words, about, leaves, kind))
    return made


def _row(
    site: Site, case: Mapping[str, Any], person: str, channel: str, address: str, words: str, about: str,
    leaves_wall_us: int, kind: str,
) -> dict[str, Any]:  # fmt: skip
    now, inside = wall_us(), channel == INSIDE
    return {
        "notice_id": notice_id(case["case_id"], about, person, channel),
        "case_id": case["case_id"],
        "account_id": person,
        "kind": kind,
        "channel": channel,
        "address": address,
        "subject": f"Case {case['number']}: {case['title']}",
        "body": words,
        "state": "sent" if inside else "pending",
        "lease_token": None,
        "lease_until_wall_us": None,
        "attempts": 0,
        "next_try_wall_us": now if inside else max(now, leaves_wall_us),
        "created_wall_us": now,
        "created_us": site.now_us,
        "sent_wall_us": now if inside else None,
        "read_wall_us": None,
        "last_error": "",
    }


def tell(
    tx: Connection, site: Site, case: Mapping[str, Any], account_id: str, kind: str, words: str, key: str
) -> None:
    """Tell one person, inside the desk and by e-mail."""
    store.add(tx, rows_for(tx, site, case, [account_id], PERSONAL, words, f"{kind}|{key}"))
