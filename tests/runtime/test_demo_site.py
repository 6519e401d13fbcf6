"""The demo plant as rows: every machine has stated rates; placing it again keeps what people changed."""

from sqlalchemy import select, update

from data.store import tables as t
from data.store.database import Database
from runtime import demo_site
from services.situation import rates_for
from simulator.layout import demo


def test_every_machine_of_the_demo_has_stated_rates(database: Database) -> None:
    layout = demo()
    demo_site.place(database, layout, {})
    with database.read() as tx:
        found = {unit.equipment_id: rates_for(tx, unit.equipment_id) for unit in layout.units}
        site = rates_for(tx, layout.site)
    assert site is not None
    for unit in layout.units:
        rates = found[unit.equipment_id]
        assert rates is not None
        assert rates.downtime_cents_per_hour == demo_site.STOP_CENTS_PER_HOUR[unit.machine_type.value]


def test_placing_again_keeps_the_rates_that_a_plant_has_changed(database: Database) -> None:
    layout = demo()
    demo_site.place(database, layout, {})
    c = t.cost_rates.c
    with database.write() as tx:
        own = c.equipment_id == layout.site
        tx.execute(update(t.cost_rates).where(own).values(downtime_cents_per_hour=99_000))
    demo_site.place(database, layout, {})
    with database.read() as tx:
        query = select(c.downtime_cents_per_hour).where(c.equipment_id == layout.site)
        assert tx.execute(query).scalar_one() == 99_000
