"""What came of a moved set point: counted before and after when its case ends, on the card and in trust."""

import pytest
from sqlalchemy import select, update

from components.history import finding as found_words
from data.store import tables as t
from data.wire.orders import decode_command
from domain.clock import DAY, HOUR, Clock, wall_us
from domain.messages import Finding, Receipt, ReceiptStatus
from domain.set_points import Verdict
from runtime.settings import Settings
from runtime.workers.advice import Advice
from services.commands.acting import Changes
from services.commands.process import ProcessCommands
from services.context import Context
from services.handover import collect
from services.process.judging import judge_due
from services.queries.decide import DecideQueries
from services.queries.trust import TrustQueries
from services.receipts import take
from services.rows.decide import HistoryFilter
from services.rows.site import SiteRow
from tests import factories as f
from tests.kits.pen import SigningCommands
from tests.services.process.case_kit import cases, champion, look, said
from tests.services.process.kit import FORCE, LINE, press, ran

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")


class Plant:
    """A press whose set point was moved on advice from 420 kN, and what it runs afterwards."""

    def __init__(self, database, value: float | None = None, before: int = 12) -> None:
        self.database, self._number, self._later = database, 0, 0
        with database.write() as tx:
            f.site(tx, speed=1e-6)
            self.unit = press(tx)
            champion(tx)
            self.sue, pia = f.account(tx), f.account(tx, "pia")
        for k in range(before):
            self.run(420.0, bad=20 + 3 * (k % 3), start_us=f.NOW - (before - k) * 9 * HOUR)
        ProcessCommands(database).set_limits(pia, LINE, "P-201", FORCE, 400.0, 445.0, "T-17", "trial")
        look(database, said(self.unit))
        changes = None if value is None else Changes(value=value)
        SigningCommands(database).approve(self.sue, self.case["case_id"], 1, "act-00001", changes)
        self.answer(ReceiptStatus.DONE)

    @property
    def case(self):
        return cases(self.database)[0]

    def answer(self, status: ReceiptStatus, finding: Finding | None = None) -> None:
        with self.database.write() as tx:
            c = decode_command(tx.execute(select(t.outbox.c.body)).scalar_one())
            said_of = (c.queue, c.command_id, c.business_key, status, "", f.NOW, finding)
            take(tx, Receipt(f"{c.command_id}:{status}{finding or ''}", *said_of))

    def run(self, point: float, *, bad: float, start_us: int | None = None, product: str = "P-201") -> None:
        self._number += 1
        self._later += start_us is None
        start = f.NOW + self._later * 9 * HOUR if start_us is None else start_us
        more = {"good": 1_000 - bad, "scrap": bad, "set_point": point, "product": product, "start_us": start}
        with self.database.write() as tx:
            ran(tx, self.unit, self._number, {FORCE: point + 1.0}, **more)

    def clock(self, days: float) -> None:
        with self.database.write() as tx:
            now = f.NOW + round(days * DAY)
            tx.execute(update(t.clocks).values(origin_plant_us=now, origin_wall_us=wall_us()))

    @property
    def outcome(self):
        with self.database.read() as tx:
            return tx.execute(select(t.set_point_outcomes)).one()

    def context(self) -> Context:
        return Context(self.database, self.sue, SITE, Clock(f.NOW + 9 * DAY, wall_us()))


def test_it_is_judged_once_ten_operations_ran_with_it(database) -> None:
    plant = Plant(database)
    plant.run(420.0, bad=23)  # begun before it took effect: one of those before
    plant.run(438.0, bad=400, product="P-202")  # another product
    for k in range(9):
        plant.run(438.0, bad=10 + k % 3)
    plant.clock(9)
    assert judge_due(database) == 0 and plant.case["state"] == "done"
    look(database, said(plant.unit, from_value=438.0, to_value=444.0), 9 * DAY)
    assert len(cases(database)) == 1  # nothing more is advised before it is known
    plant.run(438.0, bad=10)
    assert judge_due(database) == 1 and judge_due(database) == 0
    found = plant.outcome
    assert plant.case["state"] == "judged" and found.verdict == Verdict.FEWER
    assert (found.before_operations, found.after_operations, found.to_value) == (10, 10, 438.0)
    assert found.before_bad / found.before_parts == pytest.approx(0.023, abs=0.001)
    assert found.after_bad / found.after_parts == pytest.approx(0.0109, abs=0.0005)
    assert found.change_low < found.change < found.change_high < 0
    look(database, said(plant.unit, from_value=438.0, to_value=444.0), 10 * DAY)
    assert [row["state"] for row in cases(database)] == ["judged", "proposed"]


def test_the_card_and_trust_show_it_beside_what_was_expected(database) -> None:
    plant = Plant(database)
    waits = DecideQueries(plant.context()).case(plant.case["number"])
    assert waits.moved is None and waits.course[-1].text.startswith("Bad parts before and after, once 10")
    for _ in range(10):
        plant.run(438.0, bad=11)
    plant.clock(9)
    judge_due(database)
    view = DecideQueries(plant.context()).case(plant.case["number"])
    assert view.moved is not None and view.moved.expected == (-0.012, -0.015, -0.008)
    assert view.moved.as_expected is True
    assert any("fewer bad parts: 1.1 % after, 2.3 % before" in step.text for step in view.course)
    assert "caus" not in " ".join(step.text for step in view.course)
    (row,) = TrustQueries(plant.context()).trust().moves
    assert row == view.moved
    (listed,) = DecideQueries(plant.context()).history(HistoryFilter())
    assert (listed.kind, listed.came, found_words(listed)) == ("set_point", "fewer", "fewer bad parts")


def test_nothing_is_found_or_handed_over_while_the_outcome_is_waited_for(database) -> None:
    plant = Plant(database)
    plant.answer(ReceiptStatus.DONE, Finding.FAILED)
    assert plant.case["state"] == "done"
    with database.read() as tx:
        assert tx.execute(select(t.outcomes)).first() is None
        assert not [one for one in collect(tx, LINE, f.NOW) if one.case_number == plant.case["number"]]


def test_after_two_weeks_it_is_judged_with_what_there_is(database) -> None:
    plant = Plant(database)
    plant.run(438.0, bad=10)
    plant.clock(13.9)
    assert judge_due(database) == 0
    plant.clock(14.1)
    assert Advice(Settings(), database).turn() is False  # the scoring process, without a model
    assert plant.outcome.verdict == Verdict.UNKNOWN and plant.outcome.change is None
    assert plant.case["state"] == "judged"


def test_moved_again_it_is_judged_at_once_and_another_value_has_no_expectation(database) -> None:
    plant = Plant(database, value=430.0)
    for _ in range(4):
        plant.run(430.0, bad=30)
    plant.clock(4)
    assert judge_due(database) == 0
    plant.run(425.0, bad=1)
    assert judge_due(database) == 1
    assert (plant.outcome.after_operations, plant.outcome.verdict) == (4, Verdict.MORE)
    (row,) = TrustQueries(plant.context()).trust().moves
    assert row.expected is None and row.as_expected is None


def test_where_the_mes_says_no_set_point_those_after_its_answer_count(database) -> None:
    plant = Plant(database)
    for _ in range(10):
        plant.run(438.0, bad=20)
    with database.write() as tx:
        tx.execute(update(t.process_parameters).values(set_point=None))
    plant.clock(9)
    assert judge_due(database) == 1
    assert plant.outcome.after_operations == 10 and plant.outcome.before_operations == 10
