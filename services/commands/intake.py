"""What people do with messages in quarantine: have them read again. It is audited."""

from auth.permissions import Actor, Permission
from data.sources.messages import JSON
from data.store import intake_records
from data.store.database import Database
from domain.clock import wall_us
from domain.errors import InvalidInput
from services import audit, clocks
from services.actors import fresh


class IntakeCommands:
    """Acts on behalf of an actor whose rights are read anew each time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read_again(self, actor: Actor, site_id: str, source: str, reason: str) -> int:
        """Ask the ingest process to read all whole messages of a reason again; returns how many.

        Only plain JSON: what a Sparkplug message means depends on the session that it came in, and rows
        of a database are read again by themselves. Raises InvalidInput for another source.
        """
        if source != JSON:
            raise InvalidInput("only plain JSON messages can be read again")
        with self._database.write() as tx:
            person = fresh(tx, actor)
            person.require(Permission.REPLAY_MESSAGES)
            count = intake_records.ask_again(tx, source, reason, wall_us())
            if count:
                audit.append(
                    tx,
                    actor=person.account_id,
                    action="had messages read again",
                    subject_kind="quarantine",
                    subject_id=f"{source}:{reason}",
                    plant_us=clocks.read(tx, site_id).plant_us(),
                    detail={"messages": count},
                )
            return count
