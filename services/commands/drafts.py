"""What people are typing is kept on the server, under subjects such as `comment:<case id>`.

A text goes when an act uses it, or when nobody has touched it for KEPT_US. Each use counts; a text that was
typed before the last use and comes late (a connection that was down, a slow request) is told by that count
and not kept again.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from auth.permissions import Actor
from data.store import drafts as store
from data.store.database import Database
from domain.clock import DAY, wall_us
from domain.drafts import LONGEST_SUBJECT, known
from domain.errors import InvalidInput, NotNow
from services.actors import fresh
from services.rows.drafts import Draft

LONGEST = 100_000  # a whole policy file
MOST, MOST_TOGETHER = 200, 1_000_000  # texts of one person, and their characters
KEPT_US = 90 * DAY
FULL = "you have too many unfinished texts; send or empty some of them"


class DraftCommands:
    """Keep and read one's own drafts. NotSignedIn when the account is not active any more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, actor: Actor, subject: str, content: str, uses: int | None = None) -> bool:
        """Keep what the actor has typed. False: an act has used up this text since `uses` was read.

        InvalidInput for a subject that no screen has, and for a text beyond LONGEST; NotNow beyond MOST.
        """
        if len(content) > LONGEST or len(subject) > LONGEST_SUBJECT:
            raise InvalidInput("this draft is too long")
        if not known(subject):
            raise InvalidInput("no screen has such a text")
        content = content.replace("\0", "")  # PostgreSQL keeps no NUL
        with self._database.write() as tx:
            person = fresh(tx, actor)
            kept, used = store.hold(tx, person.account_id, subject)
            if uses is not None and uses != used:
                return False
            if content != kept:
                _check_room(tx, person.account_id, subject, content)
                store.save(tx, person.account_id, subject, content, used, wall_us())
            return True

    def used(self, actor: Actor, subjects: Sequence[str]) -> None:
        """Forget texts that were just used, for acts that do not do it themselves."""
        with self._database.write() as tx:
            store.use_up(tx, fresh(tx, actor).account_id, subjects)

    def forget_old(self) -> int:
        """Forget what nobody has touched for KEPT_US; returns how many texts went."""
        with self._database.write() as tx:
            return store.forget_old(tx, wall_us() - KEPT_US)

    def load(self, actor: Actor, subject: str) -> Draft:
        """What the actor was typing."""
        with self._database.read() as tx:
            return Draft(*store.load(tx, fresh(tx, actor).account_id, subject))


def _check_room(tx: Connection, account_id: str, subject: str, content: str) -> None:
    """NotNow when a longer text would be one too many. What is there already may always shrink and go."""
    count, characters = store.kept_beside(tx, account_id, subject)
    if content and (count >= MOST or characters + len(content) > MOST_TOGETHER):
        raise NotNow(FULL)
