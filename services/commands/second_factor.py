"""Enrol, confirm and remove one's second factor; an administrator removes that of a lost phone."""

from collections.abc import Callable

from sqlalchemy import Connection

from auth import second_factor
from auth.permissions import Actor, Permission
from auth.signatures import Credential
from data.store.database import Database
from domain.clock import wall_us
from domain.errors import Forbidden, NotFound, NotNow
from services import audit, second_factors
from services.actors import fresh
from services.signing import Signer


class SecondFactorCommands:
    """Acts on second factors. Wrong passwords and codes raise Forbidden and count."""

    def __init__(self, database: Database, now: Callable[[], int] = wall_us) -> None:
        self._database, self._now = database, now
        self._signer = Signer(database, now)

    def is_set(self, actor: Actor) -> bool:
        """True when signatures of this person need a code."""
        return second_factors.is_set(self._database, actor.account_id)

    def begin(self, actor: Actor, password: str) -> str:
        """The otpauth:// address to scan. NotNow while another one is in use."""
        if self.is_set(actor):
            raise NotNow(second_factors.IN_USE)
        if not self._signer.password_ok(actor, password):
            raise Forbidden("the password is wrong")
        with self._database.write() as tx:
            person = fresh(tx, actor)
            secret = second_factors.begin(tx, self._database.seal, person.account_id, self._now())
            self._note(tx, person, "began to set up a second factor", person.account_id)
        return second_factor.enrolment(secret, actor.username)

    def confirm(self, actor: Actor, code: str) -> None:
        """The first code: from now on every signature needs one."""
        with self._database.write() as tx:
            person = fresh(tx, actor)
            seal = self._database.seal
            if not second_factors.confirm(tx, seal, person.account_id, code, self._now()):
                raise Forbidden("this code is wrong; check the clock of the phone")
            self._note(tx, person, "set up a second factor", person.account_id)

    def remove(self, actor: Actor, credential: Credential) -> None:
        """Sign without a code again; needs the password and a code."""
        self._signer.prove(actor, credential)
        with self._database.write() as tx:
            person = fresh(tx, actor)
            if second_factors.remove(tx, person.account_id):
                self._note(tx, person, "removed the second factor", person.account_id)

    def reset(self, actor: Actor, account_id: str) -> None:
        """An administrator removes the second factor of a person who has lost the phone."""
        with self._database.write() as tx:
            person = fresh(tx, actor)
            person.require(Permission.MANAGE_USERS)
            if person.account_id == account_id:
                raise Forbidden("another administrator must remove your second factor")
            if not second_factors.remove(tx, account_id):
                raise NotFound("this person has no second factor")
            self._note(tx, person, "removed the second factor of", account_id)

    def _note(self, tx: Connection, person: Actor, action: str, account_id: str) -> None:
        audit.append(
            tx, actor=person.account_id, action=action, subject_kind="account", subject_id=account_id,
            plant_us=self._now(),
        )  # fmt: skip
