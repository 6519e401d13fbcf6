"""What people do with settings of processes: enter validated limits, and take them back."""

from sqlalchemy import Connection

from auth.permissions import Actor, Permission
from data.store import process as store
from data.store import tables as t
from data.store.database import Database
from domain.clock import wall_us
from domain.equipment import site_of
from domain.errors import Conflict, InvalidInput, NotFound
from domain.process import Limits, exact, parameter_label
from services import audit
from services.actors import fresh
from services.commands.acting import reason_of
from services.process import limit_files
from services.process.limits import InForce
from services.queries.common import under
from services.rows.process import CheckedLimits
from services.situation import site_at

PLACES = (3, 4)  # a line, a machine: parts of an equipment id


class ProcessCommands:
    """Acts on behalf of an actor whose rights are read anew each time, each one transaction with its audit.

    Errors: NotSignedIn, Forbidden, NotFound (no operation ran with that setting there), InvalidInput (limits,
    what validated them, the reason), Conflict (somebody else has changed them).
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def set_limits(
        self, actor: Actor, scope: str, product_id: str, parameter: str, low: float, high: float,
        validated_by: str, reason: str,
    ) -> int:  # fmt: skip
        """Limits for a product at a line or a machine, from now on; returns their version."""
        words = reason_of(reason)
        with self._database.write() as tx:
            person = _allowed(tx, actor, scope)
            here = under(t.process_parameters.c.equipment_id, scope)
            unit = store.unit_of(tx, here, product_id, parameter)
            if unit is None:
                raise NotFound("no operation there ran with this setting and product")
            held = InForce.read(tx, scope)
            version = held.version(scope, product_id, parameter) + 1
            limits = Limits(low, high, unit, validated_by.strip(), version)
            return self._write(tx, person, scope, (product_id, parameter), limits, words, active=True)

    def check_file(self, actor: Actor, site_id: str, content: bytes) -> CheckedLimits:
        """What a file of limits (domain.limit_file) would enter; nothing is entered."""
        with self._database.read() as tx:
            return limit_files.checked(tx, _keeper(tx, actor), site_id, content)

    def take_in(self, actor: Actor, site_id: str, content: bytes, reason: str, *, read: str) -> int:
        """Enter every line of a file that says something new, or nothing; returns how many were entered.

        `read`: the digest of what `check_file` showed; Conflict when something else would happen now.
        InvalidInput names what is wrong, line by line. The audit has an entry for each.
        """
        words = reason_of(reason)
        with self._database.write() as tx:
            person = _keeper(tx, actor)
            found = limit_files.checked(tx, person, site_id, content)
            if found.wrong:
                raise InvalidInput("; ".join(str(one) for one in found.wrong))
            if read != found.digest:
                raise Conflict("limits were changed since you looked; look at the file again")
            new = [one for one in found.entries if not one.known]
            for one in new:
                _allowed(tx, person, one.scope)
                of = (one.product_id, one.parameter)
                self._write(tx, person, one.scope, of, one.limits, words, active=True)
        return len(new)

    def take_back(self, actor: Actor, scope: str, product_id: str, parameter: str, reason: str) -> None:
        """The limits of a place hold no longer: there is no advice on this setting without any."""
        words = reason_of(reason)
        with self._database.write() as tx:
            person = _allowed(tx, actor, scope)
            held = InForce.read(tx, scope)
            found = held.exactly(scope, product_id, parameter)
            if found is None:
                raise NotFound("no limits hold at this place")
            limits = Limits(found.low, found.high, found.unit, found.validated_by, found.version + 1)
            self._write(tx, person, scope, (product_id, parameter), limits, words, active=False)

    def _write(
        self, tx: Connection, person: Actor, scope: str, of: tuple[str, str], limits: Limits, reason: str,
        *, active: bool,
    ) -> int:  # fmt: skip
        now_us, (product_id, parameter) = site_at(tx, site_of(scope)).now_us, of
        row = {
            "scope": scope, "product_id": product_id, "parameter": parameter, "version": limits.version,
            "low": limits.low, "high": limits.high, "unit": limits.unit, "validated_by": limits.validated_by,
            "active": active, "set_by": person.account_id, "set_us": now_us, "set_wall_us": wall_us(),
            "reason": reason,
        }  # fmt: skip
        if not store.add_limits(tx, row):
            raise Conflict("somebody else has just changed these limits; look at them again")
        told = f"{parameter_label(parameter)} of {product_id}"
        after = f"{exact(limits.low)} to {exact(limits.high, limits.unit)}, by {limits.validated_by}"
        audit.append(
            tx, actor=person.account_id, subject_kind="parameter limits", subject_id=scope, plant_us=now_us,
            action="entered limits of a setting" if active else "took back limits of a setting",
            detail={"before": told, "after": after if active else "no limits", "reason": reason},
        )  # fmt: skip
        return limits.version


def _keeper(tx: Connection, actor: Actor) -> Actor:
    person = fresh(tx, actor)
    person.require(Permission.MANAGE_CHARTS)
    return person


def _allowed(tx: Connection, actor: Actor, scope: str) -> Actor:
    person = fresh(tx, actor)
    person.require(Permission.MANAGE_CHARTS, scope)
    if scope.count("/") + 1 not in PLACES:
        raise InvalidInput("limits hold for a line or for a machine", "scope")
    return person
