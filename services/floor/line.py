"""A line with all its machines."""

from sqlalchemy import Connection, select

from data.store import tables as t
from domain.equipment import site_of
from domain.errors import NotFound
from domain.oee import Oee
from domain.prediction import Prediction
from domain.time_model import Span
from services.floor import facts, plant
from services.queries.predictions import as_prediction, newest_prediction
from services.rows.floor import LineView, UnitFigures, Window

SHOWN_STOPS = 8


def read(tx: Connection, ask: plant.Request) -> LineView:
    """Everything about the line `ask.scope`. Raises NotFound."""
    found = facts.nodes(tx, ask.scope, "line")
    zone, currency = facts.site_words(tx, site_of(ask.scope))
    lines, measured = plant.lines_figures(tx, ask, zone, every=True) if len(found) == 1 else ((), {})
    if not lines:
        raise NotFound("there is no such line, or it has no machines yet")
    figures = lines[0]
    span, ids = figures.stretch, [u.equipment_id for u in figures.units]
    window = Span(span.from_us, span.to_us)
    risks = newest_risks(tx, ids)
    model = figures.oee.model
    since_us = ask.now_us if ask.window is Window.SHIFT else window.from_us  # what runs now, or ran then
    out = facts.out_since(tx, ids)
    units = tuple(
        UnitFigures(
            u,
            Oee(span.from_us, span.to_us, measured[u.equipment_id].measures, model),
            measured[u.equipment_id].strip,
            risks.get(u.equipment_id),
        )
        for u in figures.units
        if out.get(u.equipment_id, ask.now_us + 1) > since_us
    )
    names = {u.equipment_id: u.name for u in figures.units}
    stops = facts.stops(tx, ask.scope, window, names, figures.strip)
    return LineView(
        figures,
        units,
        facts.orders(tx, {ask.scope: ids[-1]})[ask.scope],
        stops[:SHOWN_STOPS],
        facts.waiting(tx, ask.scope),
        zone,
        currency,
    )


def newest_risks(tx: Connection, ids: list[str]) -> dict[str, Prediction]:
    """The newest prediction of each unit that has one."""
    e, p = t.equipment.c, t.predictions
    newest = select(newest_prediction(e.equipment_id)).where(e.equipment_id.in_(ids))
    wanted = [i for i in tx.execute(newest).scalars() if i]
    rows = tx.execute(select(p).where(p.c.prediction_id.in_(wanted))).mappings()
    return {row["equipment_id"]: as_prediction(dict(row)) for row in rows}
