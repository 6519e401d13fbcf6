"""Reads of inspected pictures. Every method checks permission and scope."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select

from auth.permissions import Permission
from data.store import inspections as store
from data.store import tables as t
from domain.equipment import line_of
from domain.errors import NotFound
from domain.inspection import UNKNOWN
from services.context import Context
from services.queries.common import in_scope, names_of, people, under
from services.rows.pictures import Gallery, Inspection, Said

_I = t.inspections.c
OPEN, NAMED, REFUSED = "open", "named", "refused"


class PictureQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def gallery(
        self, place: str = "", label: str = "", which: str = "", limit: int = 24, skip: int = 0
    ) -> Gallery:
        """Judged, unjudged and (with `which` "refused") refused pictures of a line or machine.

        `label` is what a person says, else what the model says ("unknown": of no kind that it knows);
        `which`: "open" waits for a person, "named" has been named by one.
        """
        c = self._context
        c.actor.require(Permission.SEE_FLOOR)
        where = self._here(place)
        fits = and_(*_fits(label, which))
        asked = and_(_I.for_person.is_(True), _I.said_label == "")
        parts = (fits, asked, _I.state == store.WAITING, _I.state == store.REFUSED)
        count = select(*(func.count().filter(part) for part in parts)).where(*where)
        with c.database.read() as tx:
            counts = [int(number) for number in tx.execute(count).one()]
            rows = _page(tx, and_(*where, fits), counts[0], limit, skip)
            shown = _inspections(tx, rows, pictures=True)
        return Gallery(shown, *counts)

    def one(self, inspection_id: str) -> Inspection:
        """One with its picture; NotFound outside of the actor's scopes."""
        c = self._context
        with c.database.read() as tx:
            row = store.get(tx, inspection_id)
            if row is None or not c.actor.may(Permission.SEE_FLOOR, row["equipment_id"]):
                raise NotFound("there is no such picture within your area")
            return _inspections(tx, [row], pictures=True)[0]

    def said(self, place: str = "") -> tuple[Said, ...]:
        """What the model said against what people said, of all pictures that a person has named."""
        c = self._context
        c.actor.require(Permission.SEE_FLOOR)
        where = self._here(place)
        with c.database.read() as tx:
            rows = store.said(tx, where)
        counts: dict[tuple[str, str], int] = {}
        for label, unknown, person, number in rows:
            key = (UNKNOWN if unknown else label, person)
            counts[key] = counts.get(key, 0) + number
        return tuple(Said(*key, number) for key, number in sorted(counts.items()))

    def places(self) -> tuple[tuple[str, str], ...]:
        """(id, name) of the lines and machines with pictures, within the actor's scopes."""
        c = self._context
        c.actor.require(Permission.SEE_FLOOR)
        units = select(_I.equipment_id).where(*self._here("")).distinct()
        with c.database.read() as tx:
            found = sorted(tx.execute(units).scalars())
            ids = sorted({*found, *(line_of(unit) for unit in found)})
            names = names_of(tx, ids)
        return tuple((one, names.get(one, one)) for one in ids)

    def _here(self, place: str) -> list[ColumnElement[bool]]:
        """Of the site (by its index) and of the actor's scopes; a scope that is the site says no more."""
        c = self._context
        where: list[ColumnElement[bool]] = [_I.site_id == c.site.site_id]
        if place and place != c.site.site_id:
            where.append(under(_I.equipment_id, place))
        if c.site.site_id not in c.actor.scopes:
            where.append(in_scope(_I.equipment_id, c.actor))
        return where


def _page(
    tx: Connection, where: ColumnElement[bool], total: int, limit: int, skip: int
) -> list[dict[str, Any]]:
    """Newest first; read from the other end where that is nearer: the last page costs what the first does."""
    found, order = select(t.inspections).where(where), (_I.taken_us, _I.inspection_id)
    behind = total - skip - limit
    if skip <= behind:
        newest = found.order_by(*(column.desc() for column in order)).limit(limit).offset(skip)
        return [dict(row) for row in tx.execute(newest).mappings()]
    oldest = found.order_by(*order).limit(max(0, min(limit, total - skip))).offset(max(0, behind))
    return [dict(row) for row in tx.execute(oldest).mappings()][::-1]


def _fits(label: str, which: str) -> list[Any]:
    where: list[Any] = []
    if which == REFUSED:
        return [_I.state == store.REFUSED]
    where.append(_I.state.in_([store.JUDGED, store.UNJUDGED]))
    if which == OPEN:
        where += [_I.for_person.is_(True), _I.said_label == ""]
    elif which == NAMED:
        where.append(_I.said_label != "")
    if label == UNKNOWN:
        where += [_I.unknown.is_(True), _I.said_label == ""]
    elif label:
        named = _I.said_label == label
        guessed = (_I.said_label == "") & (_I.label == label) & _I.unknown.is_(False)
        where.append(named | guessed)
    return where


def _inspections(
    tx: Connection, rows: Sequence[Mapping[str, Any]], *, pictures: bool
) -> tuple[Inspection, ...]:
    units = {row["equipment_id"] for row in rows}
    names = names_of(tx, units | {line_of(unit) for unit in units})
    who = people(tx, [row["said_by"] for row in rows])
    data = store.pictures(tx, [row["sha256"] for row in rows]) if pictures else {}
    return tuple(_inspection(row, names, who, data) for row in rows)


def _inspection(
    row: Mapping[str, Any], names: Mapping[str, str], who: Mapping[str, str], data: Mapping[str, bytes]
) -> Inspection:
    content, unit = json.loads(row["content"]), row["equipment_id"]
    chances = sorted(content.get("probabilities", {}).items(), key=lambda one: -one[1])
    return Inspection(
        inspection_id=row["inspection_id"],
        equipment_id=unit,
        machine=names.get(unit, unit),
        line=names.get(line_of(unit), ""),
        taken_us=row["taken_us"],
        source=row["source"],
        state=row["state"],
        reason=row["reason"],
        model=f"{row['model_name']} {row['model_version']}".strip(),
        label=row["label"],
        confidence=row["confidence"],
        strangeness=row["strangeness"],
        unknown=bool(row["unknown"]),
        for_person=bool(row["for_person"]),
        probabilities=tuple((name, float(value)) for name, value in chances),
        regions=tuple(tuple(int(v) for v in line) for line in content.get("regions", [])),
        additivity_error=float(content.get("additivity_error", 0.0)),
        said_label=row["said_label"],
        said_by=who.get(row["said_by"], ""),
        said_us=row["said_us"],
        said_words=row["said_words"],
        sha256=row["sha256"],
        picture=data.get(row["sha256"]),
    )
