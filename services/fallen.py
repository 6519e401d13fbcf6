"""Signatures that no longer count, because what they were given for was changed: whoever signed is told."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from data.store import cases as store
from domain.evidence import Payload
from domain.messages import CommandState, MaintenanceOrder
from services.policy.current import given_in
from services.situation import Site
from services.telling_people import tell


def signers(tx: Connection, case: Mapping[str, Any]) -> tuple[str, ...]:
    """Account ids of those whose signatures count for what is proposed now."""
    return tuple(given.account_id for given in given_in(tx, case))


def tell_fallen(
    tx: Connection, site: Site, case: Mapping[str, Any], account_ids: Iterable[str], why: str
) -> None:
    """Tell the signers that theirs counts no longer. `case` is the row as it is after the change."""
    words = f"What you signed was changed: {why}. Your signature counts no longer; please look at it again."
    for account_id in account_ids:
        tell(tx, site, case, account_id, "fallen", words, str(case["version"]))


def starts(tx: Connection, case_id: str) -> list[int]:
    """The planned starts (plant time) of the orders that a case proposes."""
    rows = [r for r in store.commands_of(tx, case_id) if r["state"] == CommandState.PROPOSED]
    works = (Payload.from_json(row["payload"]).work for row in rows)
    return [work.start_us for work in works if isinstance(work, MaintenanceOrder)]
