"""What a file of validated limits would enter, and what is wrong with it."""

import hashlib
from collections.abc import Mapping

from sqlalchemy import Connection, select

from auth.permissions import Actor, Permission
from data.store import process as store
from data.store import tables as t
from domain.csv_file import Wrong, told
from domain.equipment import within
from domain.errors import InvalidInput
from domain.evidence import canonical
from domain.limit_file import Line, doubled, read
from domain.process import Limits, parameter_label
from domain.telemetry import unit_text
from services.process.limits import InForce
from services.queries.common import under
from services.rows.process import CheckedLimits, LimitEntry

Names = dict[str, set[str]]  # what people write, in small letters, to ids


def checked(tx: Connection, person: Actor, site_id: str, content: bytes) -> CheckedLimits:
    """Nothing is entered. Lines are looked up among the places that the person keeps limits of, and among the
    settings that operations there ran with."""
    found = read(content)
    known = _Known(tx, person, site_id)
    entries: list[LimitEntry] = []
    wrong = list(found.wrong)
    for line in found.lines:
        try:
            entries.append(known.entry(line))
        except InvalidInput as error:
            wrong.append(Wrong(line.number, str(error)))
    wrong += doubled([(one.line.number, (one.scope, one.product_id, one.parameter)) for one in entries])
    effect = [
        [one.scope, one.product_id, one.parameter, one.limits.version, one.limits.unit, one.known]
        for one in entries
    ]
    digest = hashlib.sha256(content + canonical(effect).encode()).hexdigest()
    return CheckedLimits(tuple(entries), told(wrong), digest)


class _Known:
    """Places, products, settings and limits of a site, read once."""

    def __init__(self, tx: Connection, person: Actor, site_id: str) -> None:
        e = t.equipment.c
        rows = tx.execute(
            select(e.equipment_id, e.name).where(
                under(e.equipment_id, site_id), e.level.in_(("line", "unit"))
            )
        )
        self._places: Names = {}
        self._names: dict[str, str] = {}
        for place, name in rows:
            if person.may(Permission.MANAGE_CHARTS, place):
                self._names[place] = name
                _add(self._places, place, place, name)
        self._spread = store.spread(tx, under(t.process_parameters.c.equipment_id, site_id), 0)
        self._here: dict[str, list[store.Spread]] = {}
        self._held = InForce.read(tx, site_id)

    def entry(self, line: Line) -> LimitEntry:
        """The line with ids. Raises InvalidInput."""
        scope = _one(self._places, line.place, "is no line or machine whose limits you keep")
        if scope not in self._here:
            self._here[scope] = [row for row in self._spread if within(row.equipment_id, scope)]
        here = self._here[scope]
        products: Names = {}
        for row in here:
            _add(products, row.product_id, row.product_id, row.product or "")
        product = _one(products, line.product, f"was made by no operation of {line.place}")
        settings: Names = {}
        units: dict[str, str] = {}
        for row in here:
            if row.product_id == product:
                _add(settings, row.parameter, row.parameter, parameter_label(row.parameter))
                units[row.parameter] = row.unit
        parameter = _one(
            settings, line.setting, f"is no setting that {line.product} ran with at {line.place}"
        )
        unit = units[parameter]
        if line.unit not in (unit, unit_text(unit)):
            raise InvalidInput(
                f"the MES tells this setting in {unit_text(unit) or 'no unit'}, not in {line.unit!r}"
            )
        version = self._held.version(scope, product, parameter) + 1
        limits = Limits(line.low, line.high, unit, line.validated_by, version)
        before = self._held.exactly(scope, product, parameter)
        return LimitEntry(line, scope, self._names[scope], product, parameter, limits, before)


def _add(names: Names, found: str, *written: str) -> None:
    for text in filter(None, written):
        names.setdefault(text.lower(), set()).add(found)


def _one(names: Mapping[str, set[str]], written: str, why_not: str) -> str:
    found = names.get(written.lower(), set())
    if len(found) != 1:
        raise InvalidInput(f"{written!r} " + ("names several; write its id" if found else why_not))
    return next(iter(found))
