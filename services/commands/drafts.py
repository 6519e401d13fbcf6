"""What people are typing is kept on the server, under subjects such as `comment:<case id>`.

A text goes when an act uses it. Each use counts; a text that was typed before the last use and comes late
(a connection that was down, a slow request) is told by that count and not kept again.
"""

from auth.permissions import Actor
from data.store import drafts as store
from data.store.database import Database
from domain.clock import wall_us
from domain.errors import InvalidInput
from services.actors import fresh
from services.rows.drafts import Draft

LONGEST = 100_000  # a whole policy file
LONGEST_SUBJECT = 200


class DraftCommands:
    """Keep and read one's own drafts. NotSignedIn when the account is not active any more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, actor: Actor, subject: str, content: str, uses: int | None = None) -> bool:
        """Keep what the actor has typed. False: an act has used up this text since `uses` was read."""
        if len(content) > LONGEST or not 0 < len(subject) <= LONGEST_SUBJECT:
            raise InvalidInput("this draft is too long")
        with self._database.write() as tx:
            person = fresh(tx, actor)
            kept, used = store.hold(tx, person.account_id, subject)
            if uses is not None and uses != used:
                return False
            if content != kept:
                store.save(tx, person.account_id, subject, content, used, wall_us())
            return True

    def load(self, actor: Actor, subject: str) -> Draft:
        """What the actor was typing."""
        with self._database.read() as tx:
            return Draft(*store.load(tx, fresh(tx, actor).account_id, subject))
