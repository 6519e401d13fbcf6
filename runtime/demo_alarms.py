"""Alarms of the demo plant: limits around what each machine did in its first days, through the commands
that a person uses; then the stored history is judged, as live values are."""

from collections.abc import Iterator

import numpy as np
from sqlalchemy import select

from auth.permissions import Actor
from data.store import tables as t
from data.store import window_data
from data.store.database import Database
from data.store.upsert import upsert
from domain.alarms.life import Priority, State
from domain.clock import DAY, HOUR
from services.actors import load_actor
from services.alarms.definition import NOT_RUNNING, Definition
from services.alarms.watch import AlarmWatch
from services.commands.alarms import AlarmCommands
from services.context import Context
from services.queries.alarms import AlarmQueries
from services.rows.site import SiteRow
from services.sites import clock_of
from services.spc.sampling import usable
from simulator.layout import Layout, Unit, demo

WHY = "Set up with the demo plant"
FIRST_US = 7 * DAY
HANDED_OVER_US = 2 * HOUR
# metric, over, share of the first days' values within, margin, words
_KINDS = (
    ("temperature", True, 0.999, 1.06, "Temperature high", "The drive trips and the machine stops",
     "Reduce speed, look at the cooling"),
    ("vibration_rms", True, 0.999, 1.15, "Vibration high", "Parts out of tolerance, then a worn bearing",
     "Listen to the machine, call the mechanic"),
    ("pressure", False, 0.001, 0.97, "Pressure low", "The clamping lets go",
     "Stop the cycle, look for a leak"),
)  # fmt: skip


def seed(database: Database, site_id: str, start_us: int, now_us: int) -> None:
    """Positions, definitions, and the journal of the history."""
    people = _people(database)
    if not {"supervisor", "operator"} <= people.keys():
        return
    layout = demo()
    with database.write() as tx:
        rows = [
            {"position_id": line.equipment_id, "name": line.name, "equipment_id": line.equipment_id}
            for line in layout.lines
        ]
        upsert(tx, t.operator_positions, rows, ["position_id"])
    commands = AlarmCommands(database)
    for wanted in _definitions(database, layout, start_us):
        commands.define(people["supervisor"], wanted, WHY, from_us=start_us)
    AlarmWatch(database).turn(site_id, now_us)
    _hand_over(database, commands, people["operator"], layout, now_us)


def _people(database: Database) -> dict[str, Actor]:
    with database.read() as tx:
        query = select(t.accounts.c.username, t.accounts.c.account_id)
        return {name: load_actor(tx, key) for name, key in tx.execute(query).all()}


def _definitions(database: Database, layout: Layout, start_us: int) -> Iterator[Definition]:
    for unit in layout.units:
        for metric, high, share, margin, name, consequence, response in _KINDS:
            with database.read() as tx:
                found = window_data.readings(tx, unit.equipment_id, [metric], start_us, start_us + FIRST_US)
                times, values = found.get(metric, (np.zeros(0, np.int64), np.zeros(0)))
                values = values[usable(tx, unit.equipment_id, times)] if len(times) else values
            if len(values) < 200:
                continue
            limit = float(f"{np.quantile(values, share) * margin:.3g}")
            yield Definition(
                "", unit.equipment_id, layout.lines[unit.line].equipment_id, name, metric, high, limit,
                _priority(unit, metric), consequence, response, deadband=float(f"{abs(limit) * 0.02:.2g}"),
                on_delay_s=300, off_delay_s=300, suppress_when="" if high else NOT_RUNNING,
            )  # fmt: skip


def _priority(unit: Unit, metric: str) -> Priority:
    """The machine that sets the pace of its line matters most."""
    if unit.constraint_unit:
        return Priority.HIGH if metric == "temperature" else Priority.MEDIUM
    return Priority.MEDIUM if metric == "temperature" and unit.position % 4 == 0 else Priority.LOW


def _hand_over(
    database: Database, commands: AlarmCommands, person: Actor, layout: Layout, now_us: int
) -> None:
    """The demo begins with a tidy list: its operator acknowledges what is older than two hours."""
    site = SiteRow(layout.site, layout.name, layout.time_zone, layout.currency)
    context = Context(database, person, site, clock_of(database, layout.site))
    waits = (State.UNACKNOWLEDGED, State.RETURNED)
    old = [
        row.alarm_id
        for row in AlarmQueries(context).board().rows
        if row.state in waits and row.since_us < now_us - HANDED_OVER_US
    ]
    if old:
        commands.acknowledge(person, old, WHY)
