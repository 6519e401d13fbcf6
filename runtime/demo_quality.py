"""Control charts of the demo plant, defined and frozen by the demo's supervisor through the same commands
that a person uses. Tolerances are examples around what each machine did in its first days."""

from collections.abc import Iterator
from contextlib import suppress
from statistics import median

from sqlalchemy import select

from auth.permissions import Actor
from data.store import charts as store
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR
from domain.errors import InvalidInput
from domain.spc.model import DEFECTS, Kind, Weights
from domain.spc.rules import WESTERN_ELECTRIC, Rule
from domain.wording import percent
from services.actors import load_actor
from services.commands.charts import ChartCommands
from services.spc.definition import BETWEEN, METRIC, QUALITY, Chart
from services.spc.patterns import PatternWatch
from services.spc.watch import ChartWatch
from simulator.layout import Layout, Unit, demo

WHY = "Set up with the demo plant"
PHASE_US = 7 * DAY
FAST_S = 20
SLOW = Weights(ewma_lambda=0.2, ewma_width=4.0, cusum_slack=1.0, cusum_decision=8.0)  # values that drift
ACCEPTED = {"pressure": 0.06, "temperature": 0.15}


def seed(database: Database, site_id: str, start_us: int, now_us: int) -> None:
    """Define the charts, sample the history, freeze limits and patterns on its first half, judge the rest."""
    person = _supervisor(database)
    if person is None:
        return
    commands = ChartCommands(database)
    for chart in _charts(demo()):
        with suppress(*(InvalidInput,) if chart.kind in DEFECTS else ()):  # nobody has counted defects yet
            commands.define(person, chart, WHY)
    ChartWatch(database).turn(site_id, now_us)
    middle = min(start_us + PHASE_US, start_us + (now_us - start_us) // 2)
    _freeze(database, commands, person, start_us, middle)
    _patterns(commands, person, start_us, middle)
    ChartWatch(database).turn(site_id, now_us)
    PatternWatch(database).turn(site_id, now_us)


def _supervisor(database: Database) -> Actor | None:
    with database.read() as tx:
        query = select(t.accounts.c.account_id).where(t.accounts.c.username == "supervisor")
        found = tx.execute(query).scalar()
        return load_actor(tx, found) if found else None


def _charts(layout: Layout) -> Iterator[Chart]:
    for unit in layout.units:
        yield _scrap(layout, unit)
        key = "temperature" if unit.machine_type == "oven" else "pressure"
        yield _measured(unit, f"{_NAMES[key]} of {unit.name}", Kind.XBAR_S, key, size=5)
        if unit.constraint_unit:
            yield _defects(layout, unit)
            yield from _of_constraint(layout, unit)


_NAMES = {"pressure": "Pressure", "temperature": "Temperature"}


def _scrap(layout: Layout, unit: Unit) -> Chart:
    """A fast machine by the hour; a slow one by the shift, or a sample would expect no bad part at all."""
    fast = layout.products[layout.lines[unit.line].products[0]].cycle_s < FAST_S
    return Chart(
        "", unit.equipment_id, f"Scrap of {unit.name}", Kind.P, QUALITY, "",
        every_us=HOUR if fast else 8 * HOUR,
        rules=WESTERN_ELECTRIC if fast else (Rule.BEYOND,),
        opens_case=unit.constraint_unit, cause="tool",
    )  # fmt: skip


def _defects(layout: Layout, unit: Unit) -> Chart:
    """Defects per part: small ones that pass are seen here before they make parts bad."""
    fast = layout.products[layout.lines[unit.line].products[0]].cycle_s < FAST_S
    return Chart(
        "", unit.equipment_id, f"Defects of {unit.name}", Kind.U, QUALITY, "",
        every_us=HOUR if fast else 8 * HOUR, rules=WESTERN_ELECTRIC if fast else (Rule.BEYOND,),
    )  # fmt: skip


def _measured(
    unit: Unit,
    title: str,
    kind: Kind,
    metric: str,
    *,
    size: int = 1,
    every_us: int = HOUR,
    product: str = "",
    rules: tuple[Rule, ...] = (Rule.BEYOND,),
) -> Chart:
    return Chart(
        "", unit.equipment_id, title, kind, METRIC, metric, product_id=product, subgroup_size=size,
        every_us=every_us, spread=BETWEEN, rules=rules, weights=SLOW,
    )  # fmt: skip


def _of_constraint(layout: Layout, unit: Unit) -> Iterator[Chart]:
    product = layout.products[layout.lines[unit.line].products[0]]
    name = unit.name
    yield _measured(unit, f"Vibration trend of {name}", Kind.EWMA, "vibration_rms", size=5)
    yield _measured(unit, f"Temperature drift of {name}", Kind.CUSUM, "temperature", size=5)
    yield _measured(
        unit,
        f"Motor current of {name}",
        Kind.I_MR,
        "current",
        every_us=2 * HOUR,
        rules=(Rule.BEYOND, Rule.NELSON_3),
    )
    title = f"Load of {name}, {product.name}"
    yield _measured(unit, title, Kind.XBAR_R, "load", size=4, product=product.product_id)
    for words, every in (("Bad parts an hour", HOUR), ("Bad parts a shift", 8 * HOUR)):
        yield Chart("", unit.equipment_id, f"{words}, {name}", Kind.NP, QUALITY, "", every_us=every)


def _freeze(database: Database, commands: ChartCommands, person: Actor, from_us: int, to_us: int) -> None:
    with database.read() as tx:
        charts = store.charts(tx)
    for row in charts:
        try:
            commands.freeze(person, row["chart_id"], from_us, to_us, f"{WHY}: its first days")
        except InvalidInput:
            continue  # too few samples, or nothing bad at all: a person freezes it later
        if row["metric"] in ACCEPTED and row["kind"] == Kind.XBAR_S:
            _tolerate(database, commands, person, row["chart_id"], (from_us, to_us))


def _tolerate(
    database: Database, commands: ChartCommands, person: Actor, chart_id: str, span: tuple[int, int]
) -> None:
    with database.read() as tx:
        chart = store.chart(tx, chart_id)
        values = [v for s in store.samples(tx, chart_id, *span) for v in s.values]
    if chart is None or not values:
        return
    middle, share = median(values), ACCEPTED[chart["metric"]]
    low, high = (float(f"{middle * (1 + sign * share):.3g}") for sign in (-1, 1))
    commands.tolerate(
        person, chart_id, low, high, f"{WHY}: an example of {percent(share, 0)} around the median"
    )


def _patterns(commands: ChartCommands, person: Actor, from_us: int, to_us: int) -> None:
    for unit in demo().units:
        try:
            commands.freeze_pattern(person, unit.equipment_id, from_us, to_us, f"{WHY}: its first days")
        except InvalidInput:
            continue
