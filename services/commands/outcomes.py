"""What was found, what people think of it, and what finance makes of it.

As found by a technician, or reported by the MES, is truth; "looks right" is an opinion of whoever says it,
kept apart. The ledger is append-only: finance confirms or corrects by a new line.
"""

from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Actor, Permission
from data.store import ledger
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import insert_ignore, upsert
from domain.clock import wall_us
from domain.errors import Conflict, InvalidInput, NotFound, NotNow
from domain.evidence import canonical
from domain.messages import Finding
from domain.recommendation import CAUSE_LABELS
from domain.value import GRADES, Entry
from services import photos
from services.commands.acting import Decided, Work, checked_text, note
from services.commands.deciding import judge, of_a_fault
from services.commands.once import Act, ActsOnCases, reach
from services.situation import causes_of, machine_at, site_at

MOST_CENTS = 10**12
SENSOR = "sensor"  # nothing is wrong with the machine: the sensor was wrong


class OutcomeCommands:
    """Acts on what came of cases; permission and scope are checked with the rights of this moment."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._acts = ActsOnCases(database)

    def found(
        self, actor: Actor, case_id: str, act_id: str, finding: Finding, cause: str = "", grade: str = "",
        text: str = "", photo: bytes = b"",
    ) -> Decided:  # fmt: skip
        """As found by the technician: closes the case. A later finding corrects an earlier one.

        The grade belongs to its finding; a photo stays until another takes its place. What stood before is
        in the audit. InvalidInput for a grade without wear, for a photo that is none or too large, and for a
        cause that nobody knows.
        """
        if grade and (finding is not Finding.DEGRADED or grade not in GRADES):
            raise InvalidInput("a grade says how worn a part was: slight, clear or severe")
        words = checked_text(text, optional=True)
        kept = photos.stored(photo) if photo else None

        def do(work: Work) -> Decided:
            of_a_fault(work)
            _check_cause(work, cause)
            done = judge(work, finding, cause, words)
            _details(work, grade, kept)
            return done

        return self._acts.do(actor, Act(case_id, None, act_id, Permission.RECORD_OUTCOME, "outcome"), do)

    def looks(self, actor: Actor, case_id: str, looks_right: bool) -> None:
        """What the actor thinks of the advice, before or without anybody having looked: an opinion."""
        with self._database.write() as tx:
            person, case = reach(tx, actor, case_id, Permission.COMMENT)
            row = {"case_id": case_id, "account_id": person.account_id, "looks_right": looks_right}
            upsert(tx, t.verdict_views, [row | {"said_wall_us": wall_us()}], ("case_id", "account_id"))
            work = Work(tx, person, case, site_at(tx, case["site_id"]))
            note(work, "thinks that it looks right" if looks_right else "thinks that it looks wrong", {})

    def confirm_value(self, actor: Actor, case_id: str) -> None:
        """Finance confirms the realised value as it stands. NotNow when there is none."""
        self._settle(actor, case_id, None, "confirmed as counted")

    def correct_value(self, actor: Actor, case_id: str, amount_cents: int, reason: str) -> None:
        """Finance puts another figure beside the realised value, with a reason."""
        if abs(amount_cents) > MOST_CENTS:
            raise InvalidInput("this amount is too large")
        self._settle(actor, case_id, amount_cents, checked_text(reason))

    def _settle(self, actor: Actor, case_id: str, amount_cents: int | None, reason: str) -> None:
        with self._database.write() as tx:
            person, case = reach(tx, actor, case_id, Permission.CONFIRM_VALUE)
            lines = ledger.of_case(tx, case_id)
            counted = [row for row in lines if row["kind"] == Entry.REALISED]
            if not counted:
                raise NotNow("nothing was found yet, so there is no value to confirm")
            newest = lines[-1]
            if amount_cents is None and newest["kind"] == Entry.CONFIRMED:
                raise Conflict("it is confirmed already")
            if amount_cents is not None and _same(newest, amount_cents, reason):
                raise Conflict("it is corrected to this already")
            cents = counted[-1]["amount_cents"] if amount_cents is None else amount_cents
            kind = Entry.CONFIRMED if amount_cents is None else Entry.CORRECTED
            work = Work(tx, person, case, site_at(tx, case["site_id"]))
            ledger.add(tx, _line(work, kind, cents, reason))
            detail = {"cents": cents, "counted_cents": counted[-1]["amount_cents"], "reason": reason}
            note(work, f"{kind.value} the value", detail)


def _same(newest: dict[str, Any], cents: int, reason: str) -> bool:
    """Is this the correction that stands already: a second click?"""
    said = (newest["kind"], newest["amount_cents"], newest["basis"])
    return said == (Entry.CORRECTED, cents, canonical({"reason": reason}))


def _check_cause(work: Work, cause: str) -> None:
    known = causes_of(work.tx, machine_at(work.tx, work.case["equipment_id"]).machine_type)
    if cause not in ("", SENSOR, work.case["cause"], *known, *CAUSE_LABELS):
        raise InvalidInput("this is no known cause")


def _details(work: Work, grade: str, photo: tuple[str, bytes] | None) -> None:
    case_id, d = work.case["case_id"], t.outcome_details.c
    before = work.tx.execute(select(d.grade, d.photo_sha256).where(d.case_id == case_id)).one_or_none()
    if photo is not None:
        row = {"sha256": photo[0], "case_id": case_id, "taken_by": work.actor.account_id}
        insert_ignore(work.tx, t.photos, [row | {"taken_wall_us": wall_us(), "data": photo[1]}])
    earlier = {"grade": before.grade, "photo_sha256": before.photo_sha256} if before else None
    now = {"grade": grade, "photo_sha256": photo[0] if photo else (before.photo_sha256 if before else "")}
    upsert(work.tx, t.outcome_details, [{"case_id": case_id, **now}], ("case_id",))
    if now != (earlier or {"grade": "", "photo_sha256": ""}):
        note(work, "added to the outcome", now | {"before": earlier})


def _line(work: Work, kind: Entry, cents: int, reason: str) -> dict[str, Any]:
    return {
        "case_id": work.case["case_id"],
        "kind": kind.value,
        "amount_cents": cents,
        "basis": canonical({"reason": reason}),
        "entered_by": work.actor.account_id,
        "at_us": work.site.now_us,
        "entered_wall_us": wall_us(),
    }


def photo_of(tx: Connection, sha256: str) -> bytes:
    """A stored photo; NotFound without one."""
    found = tx.execute(select(t.photos.c.data).where(t.photos.c.sha256 == sha256)).scalar()
    if found is None:
        raise NotFound("no such photo")
    return bytes(found)


__all__ = ["OutcomeCommands", "photo_of"]
