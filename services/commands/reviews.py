"""What people say of a failure that nobody saw coming."""

from auth.permissions import Actor, Permission
from data.store import reviews as store
from data.store.database import Database
from domain.clock import wall_us
from domain.errors import Conflict, InvalidInput, NotFound
from domain.failure_review import LABELS, NEXT_STEPS, Verdict
from services import audit
from services.actors import fresh
from services.commands.acting import checked_text
from services.reviews import SUBJECT
from services.situation import site_at


class ReviewCommands:
    """Each act is one transaction with its audit entry; the earlier verdict stays in the audit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def settle(
        self, actor: Actor, review_id: str, version: int, verdict: str, next_step: str, words: str = ""
    ) -> str:
        """Settle the verdict, or settle it anew; returns one sentence for the person.

        Without a next step the usual one of the verdict stands. Errors: Forbidden, NotFound (outside the
        scopes), Conflict (somebody was faster), InvalidInput (no such verdict; another verdict than the
        proposed one, or than the settled one, without a word on why).
        """
        if verdict not in set(Verdict):
            raise InvalidInput(f"{verdict!r} is no verdict")
        step = checked_text(next_step, optional=True) or NEXT_STEPS[Verdict(verdict)]
        with self._database.write() as tx:
            person = fresh(tx, actor)
            person.require(Permission.REVIEW_FAILURES)
            row = store.hold(tx, review_id)
            if row is None or not person.may(Permission.REVIEW_FAILURES, row["equipment_id"]):
                raise NotFound("no such review")
            said = checked_text(words, optional=verdict == (row["verdict"] or row["proposed"]))
            now = site_at(tx, row["site_id"]).now_us
            values = {
                "verdict": verdict,
                "next_step": step,
                "words": said,
                "settled_by": person.account_id,
                "settled_us": now,
                "settled_wall_us": wall_us(),
            }
            if row["version"] != version or not store.change(tx, review_id, version, values):
                raise Conflict("somebody has settled this meanwhile; look at it again")
            before = {"verdict": row["verdict"], "next_step": row["next_step"], "words": row["words"]}
            audit.append(
                tx,
                actor=person.account_id,
                action="settled: why did we not see it?",
                subject_kind=SUBJECT,
                subject_id=review_id,
                plant_us=now,
                detail={"verdict": verdict, "proposed": row["proposed"], "next_step": step, "words": said}
                | ({"before": before} if row["verdict"] else {}),
            )
        return f"Settled: {LABELS[Verdict(verdict)]}."
