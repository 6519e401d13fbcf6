"""Policies other than the default, and how a test puts one in force."""

from sqlalchemy import insert

from data.store import tables as t
from data.store.database import Database
from services.policy.file import DEFAULT, read_policy

FOUR_EYES = DEFAULT.read_text().replace("20000", "1")
CONSENTS = (
    DEFAULT.read_text().replace("    four_eyes_above: 20000", "    two_consents: true").replace("20000", "1")
)
UNCROWDED = DEFAULT.read_text().replace("cases_per_shift: 12", "cases_per_shift: 1000")


def in_force(database: Database, content: str) -> None:
    """Make `content` the policy that counts; what is no policy is refused."""
    read_policy(content)
    values = {"state": "active", "active_key": "active", "content": content, "sha256": "", "why": ""}
    with database.write() as tx:
        tx.execute(
            insert(t.policies).values(policy_id="p", version=2, proposed_by="x", proposed_wall_us=0, **values)
        )
