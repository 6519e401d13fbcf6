"""The chance of a failure by several horizons, in operating time and through the line's plan."""

from sqlalchemy import Connection

from domain.clock import HOUR
from domain.equipment import line_of
from domain.horizons import CLOCK_H, chance_within, planned_hours
from domain.prediction import Prediction
from services.line_plan import plan_of
from services.rows.predict import HorizonRow

HOURS_OF_LIFE = "operating hours"


def horizon_rows(tx: Connection, prediction: Prediction) -> tuple[HorizonRow, ...]:
    """A row per horizon; empty where the model states none.

    By the clock a machine runs as long as its line is planned to produce; without shifts, all the time.
    """
    curve = prediction.curve
    if prediction.life_unit != HOURS_OF_LIFE:
        return tuple(HorizonRow(at, chance) for at, chance in curve)
    if not curve:
        return ()
    now = prediction.at_us
    producing, _ = plan_of(tx, "UTC", line_of(prediction.equipment_id), now)
    rows = []
    for hours in CLOCK_H:
        planned = float(hours) if producing is None else planned_hours(producing, now, now + hours * HOUR)
        rows.append(HorizonRow(hours, chance_within(curve, hours), planned, chance_within(curve, planned)))
    return tuple(rows)
