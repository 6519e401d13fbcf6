"""Reads for the stop screens: stops to work on, how well reasons are known, the tree and the limits."""

from sqlalchemy import select

from auth.permissions import Permission
from data.store import tables as t
from domain.clock import HOUR, SECOND
from domain.equipment import within
from domain.errors import NotFound
from domain.kpi import MinorModel
from domain.reasons import Tree
from domain.stop_causes import Proposal
from domain.stop_history import ActKind, standing
from domain.stops import Piece
from domain.time_model import Span
from services.commands.stops import too_late
from services.context import Context
from services.kpi import valid
from services.queries.common import in_scope, names_of, people, under
from services.rows.stops import ActRow, PieceRow, PolicyRow, ReasonQuality, StopItem, StopList
from services.stops import draws, log, quality
from services.stops.finding import Found, find
from services.stops.reasons import short_us, tree


class StopQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def lines(self) -> tuple[tuple[str, str], ...]:
        """(id, name) of the lines that the actor may see."""
        c, e = self._context, t.equipment.c
        c.actor.require(Permission.SEE_FLOOR)
        query = select(e.equipment_id, e.name).where(
            e.level == "line", e.assigned.is_(True), in_scope(e.equipment_id, c.actor),
            under(e.equipment_id, c.site.site_id),
        )  # fmt: skip
        with c.database.read() as tx:
            return tuple((row.equipment_id, row.name) for row in tx.execute(query.order_by(e.position)))

    def stops(self, line_id: str, span: Span, most: int | None = None, skip: int = 0) -> StopList:
        """A page of the stops of a line that touch the span: those without a reason first, those that waited
        last of each, the newest first; NotFound outside the actor's scopes."""
        c = self._context
        if not c.actor.may(Permission.SEE_FLOOR, line_id) or not within(line_id, c.site.site_id):
            raise NotFound("there is no such line within your area")
        with c.database.read() as tx:
            finding = find(tx, line_id, span, c.now_us)
            acts = log.by_machine(log.acts_on(tx, finding.line.units, span.from_us, span.to_us))
            told = [_Told(f, log.said_of(f.stop, acts.get(f.stop.equipment_id, {}))) for f in finding.found]
            wanted = sorted((one for one in told if not one.found.short or one.said.rows), key=_Told.order)
            page = _page(wanted, most, skip)
            stops = [one.found.stop for one in page]
            who = people(tx, [row["account_id"] for one in page for row in one.said.rows])
            nodes, known = tree(tx, c.site.site_id), draws.kept(tx, stops)
            name = names_of(tx, [line_id]).get(line_id, line_id)
            limit = short_us(tx, line_id, min(span.to_us, c.now_us))
            proposals = finding.proposals(tx, [one.found for one in page])
        hidden = draws.looked_at(c.database, known, stops)
        items = tuple(
            self._item(one, None if hidden[key] else proposals[key], who)
            for one in page
            for key in (one.found.stop.key,)
        )
        short = [one.found.stop for one in told if one.found.short and not one.said.rows]
        waits = [one.found.stop.external for one in wanted if one.unnamed]
        return StopList(
            line_id, name, span.from_us, span.to_us, items,
            len(wanted), waits.count(False), waits.count(True),
            len(short), sum(stop.to_us - stop.from_us for stop in short), limit, nodes,
        )  # fmt: skip

    def _item(self, told: "_Told", proposal: Proposal | None, who: dict[str, str]) -> StopItem:
        found, said, stop = told.found, told.said, told.found.stop
        kept = {act.number for act in standing(said.acts)}
        acts = [
            ActRow(
                row["number"], row["kind"], row["reason"], row["earlier"], row["note"],
                who.get(row["account_id"], ""), row["plant_us"],
                row["kind"] != ActKind.REVERT and row in said.own and row["number"] not in kept,
            )
            for row in said.rows
        ]  # fmt: skip
        return StopItem(
            stop.key, len(said.own), stop.equipment_id, found.machine, stop.from_us, stop.to_us, stop.open,
            found.short, stop.external, told.pieces, proposal, found.booked_words, tuple(acts),
            self._why_not(found, looks=not self._context.actor.may(Permission.NAME_STOPS, stop.equipment_id)),
        )  # fmt: skip

    def _why_not(self, found: Found, *, looks: bool) -> str:
        c = self._context
        if looks:
            return "you may look at stops, not name them"
        return "it ended more than 12 hours ago" if too_late(c.actor, found, c.now_us) else ""

    def quality(self, span: Span) -> ReasonQuality:
        """How well reasons are known, whether rules and people agree, and what the entry costs."""
        c = self._context
        c.actor.require(Permission.SEE_REPORTS)
        lines = self.lines()
        with c.database.read() as tx:
            return quality.measure(tx, lines, span, c.now_us)

    def tree(self) -> Tree:
        """The reason tree of this site."""
        self._context.actor.require(Permission.SEE_FLOOR)
        with self._context.database.read() as tx:
            return tree(tx, self._context.site.site_id)

    def limits(self) -> tuple[PolicyRow, ...]:
        """Every version of every limit of a short stop, newest first."""
        c, p = self._context, t.stop_policies.c
        c.actor.require(Permission.SEE_FLOOR)
        with c.database.read() as tx:
            rows = tx.execute(
                select(p.scope, p.minor_stop_s, p.valid_from_us, p.set_by, p.reason, p.minor_model)
                .where(under(p.scope, c.site.site_id), in_scope(p.scope, c.actor))
                .order_by(p.valid_from_us.desc())
            ).all()
            names = names_of(tx, [row.scope for row in rows])
            who = people(tx, [row.set_by for row in rows])
        return tuple(
            PolicyRow(
                r[0],
                names.get(r[0], r[0]),
                int(r[1]),
                r[2],
                who.get(r[3], r[3]),
                r[4],
                r[5] if r[0] == c.site.site_id else "",
            )
            for r in rows
        )

    def minor_model(self) -> MinorModel:
        """Where minor stops of this site count; a new limit keeps it."""
        self._context.actor.require(Permission.SEE_FLOOR)
        with self._context.database.read() as tx:
            return valid.model_of(tx, self._context.site.site_id, self._context.now_us)

    def limit_now(self, scope: str) -> int:
        """The limit of a short stop that holds now, in seconds."""
        self._context.actor.require(Permission.SEE_FLOOR)
        with self._context.database.read() as tx:
            return short_us(tx, scope, self._context.now_us) // SECOND

    def shift(self, line_id: str) -> Span:
        """The shift of a line that runs now, as far as it has come; else the last 8 hours."""
        self._context.actor.require(Permission.SEE_FLOOR)
        with self._context.database.read() as tx:
            running = valid.shift_at(tx, line_id, self._context.now_us)
        start = running[0] if running else self._context.now_us - 8 * HOUR
        return Span(min(start, self._context.now_us - 1), self._context.now_us)


def _page(wanted: "list[_Told]", most: int | None, skip: int) -> "list[_Told]":
    """The last page where the list has become too short for the one that is asked for."""
    if most is None:
        return wanted
    first = min(skip, max(0, len(wanted) - 1) // most * most)
    return wanted[first : first + most]


class _Told:
    """A stop with what was said of it. `pieces` are its parts with their reasons."""

    def __init__(self, found: Found, said: log.Said) -> None:
        self.found, self.said = found, said
        if said.rows:
            spoken = bool(said.older or standing(said.acts))
            self.pieces = tuple(_piece(piece, found, spoken=spoken) for piece in said.pieces(found.stop))
        else:
            whole = Piece(found.stop.from_us, found.stop.to_us)
            self.pieces = (_piece(whole, found, spoken=False),)
        self.unnamed = any(not piece.reason for piece in self.pieces)

    def order(self) -> tuple[bool, bool, int, str]:
        """Where it stands in the list."""
        stop = self.found.stop
        return not self.unnamed, stop.external, -stop.from_us, self.found.machine


def _piece(piece: Piece, found: Found, *, spoken: bool) -> PieceRow:
    """A part with its reason: a person's, else the MES's while no person has spoken."""
    if piece.reason:
        return PieceRow(piece.from_us, piece.to_us, piece.reason, "person")
    if found.booked and not spoken:
        return PieceRow(piece.from_us, piece.to_us, found.booked, "mes")
    return PieceRow(piece.from_us, piece.to_us, "", "")
