"""The whole way: advice, a signature, the virtual MES, its recipes and production, and its receipts."""

from dataclasses import replace

from sqlalchemy import select

from data.store import tables as t
from data.wire.orders import decode_receipt
from domain.clock import HOUR
from services.commands.acting import Changes
from services.commands.process import ProcessCommands
from services.receipts import take
from simulator.floor import PlantFloor, open_floor
from simulator.layout import demo
from simulator.mes import schema as mes
from tests import factories as f
from tests.kits.pen import SigningCommands
from tests.services.process.case_kit import asked_values, cases, champion, look, said
from tests.services.process.kit import FORCE, LINE, press, ran


def presses(folder) -> PlantFloor:
    """The lines of the demo plant up to its presses."""
    whole = demo()
    layout = replace(whole, lines=whole.lines[:2], units=whole.units[:20])
    floor = open_floor(layout, 5, folder, absence=0.0)
    floor.now_us = f.NOW
    floor.systems[1].office.now_us = f.NOW
    return floor


def carry(database, floor: PlantFloor) -> None:
    """What lies in our outbox to the MES, and its receipts back; each twice, as may happen."""
    post = floor.systems[1].office.post
    with database.read() as tx:
        bodies = tx.execute(select(t.outbox.c.body)).scalars().all()
    for body in (*bodies, *bodies):
        post.take("mes.line-2", body.encode(), floor.now_us)
    for row in [*post.unsent(), *post.unsent()]:
        with database.write() as tx:
            take(tx, decode_receipt(row.body))


def signed(database, value: float):
    """Advice on the force of a press, approved with another value by who entered no limits: the case."""
    with database.write() as tx:
        f.site(tx, speed=1e-6)
        unit = press(tx)
        ran(tx, unit, 1, {FORCE: 420.0}, set_point=420.0)
        champion(tx)
        sue, pia = f.account(tx), f.account(tx, "pia")
    ProcessCommands(database).set_limits(pia, LINE, "P-201", FORCE, 400.0, 500.0, "T-17", "trial")
    look(database, said(unit))
    (case,) = cases(database)
    SigningCommands(database).approve(sue, case["case_id"], 1, "act-00001", Changes(value=value))
    return case


def test_a_signed_set_point_reaches_production_once_and_comes_back_as_done(database, tmp_path) -> None:
    case = signed(database, 432.5)
    floor = presses(tmp_path / "plant")
    carry(database, floor)
    assert cases(database)[0]["state"] == "accepted"
    for hour in range(200):
        floor.plan(f.NOW + hour * HOUR, f.NOW + (hour + 1) * HOUR)
        finish(floor, f.NOW + (hour + 1) * HOUR)
        floor.flush()
        carry(database, floor)
        if cases(database)[0]["state"] == "done":
            break
    assert cases(database)[0]["state"] == "done" and asked_values(database, case) == [("done", 432.5)]
    with floor.systems[1].records.read() as tx:
        (recipe,) = tx.execute(select(mes.recipes)).all()
        v = mes.process_values.c
        used = tx.execute(select(v.actual).where(v.set_point == 432.5)).scalars().all()
    assert (recipe.set_point, recipe.before, recipe.machine_id) == (432.5, 420.0, "M-L2-021")
    assert len(used) == 1 and abs(used[0] - 432.5) <= 30.0
    floor.close()


def finish(floor: PlantFloor, at_us: int) -> None:
    """The running order is made, so that the next one begins."""
    line = floor.systems[1]
    good = [1e6] * len(line.line.units)
    line.production.count(at_us - HOUR, at_us, good, [0.0] * len(good))


def test_what_lies_outside_the_limits_of_the_mes_comes_back_as_refused(database, tmp_path) -> None:
    signed(database, 480.0)
    floor = presses(tmp_path / "plant")
    carry(database, floor)
    assert cases(database)[0]["state"] == "refused"
    with database.read() as tx:
        (told,) = tx.execute(select(t.receipts.c.detail)).scalars()
    assert told == "This system takes 375 to 465 kN."
    floor.close()
