"""Who may not approve a move of a set point, and what holds it back between its approval and the queue."""

import pytest
from sqlalchemy import select

from auth.permissions import Role
from data.store import tables as t
from domain.clock import Clock, wall_us
from domain.errors import Forbidden
from services.commands.acting import Changes
from services.commands.process import ProcessCommands
from services.context import Context
from services.escalation import Escalation
from services.queries.decide import DecideQueries
from services.relay import Relay
from services.rows.site import SiteRow
from tests import factories as f
from tests.contract.memory_sink import MemorySink
from tests.kits.pen import SigningCommands
from tests.services.process.case_kit import asked_values, cases, champion, look, said
from tests.services.process.kit import FORCE, LINE, SPEED, press, ran

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")


class Plant:
    """A press, limits of 400 to 445 kN entered by pia, and a case; sue and pia may decide on it."""

    def __init__(self, database) -> None:
        self.database = database
        with database.write() as tx:
            f.site(tx, speed=1e-6)
            self.unit = press(tx)
            ran(tx, self.unit, 1, {FORCE: 420.0, SPEED: 280.0}, set_point=420.0)
            champion(tx)
            self.sue, self.pia = f.account(tx), f.account(tx, "pia", [Role.PLANT_MANAGER])
        self.limit(self.pia)
        look(database, said(self.unit))

    def limit(self, person, high: float = 445.0, scope: str = LINE) -> None:
        commands = ProcessCommands(self.database)
        commands.set_limits(person, scope, "P-201", FORCE, 400.0, high, "T-17", "trial")

    @property
    def case(self):
        return cases(self.database)[0]

    def approve(self, person, act: str = "act-00001", value: float | None = None):
        changes = None if value is None else Changes(value=value)
        case = self.case
        return SigningCommands(self.database).approve(person, case["case_id"], case["version"], act, changes)

    def seen_by(self, person):
        """The card, and the row of the inbox."""
        queries = DecideQueries(Context(self.database, person, SITE, Clock(f.NOW, wall_us())))
        (row,) = queries.inbox().waiting
        return queries.case(self.case["number"]), row


@pytest.fixture
def plant(database) -> Plant:
    return Plant(database)


def test_whoever_entered_the_limits_in_force_approves_nothing_but_may_reject(plant) -> None:
    for value in (None, 430.0):
        with pytest.raises(Forbidden, match="entered the validated limits"):
            plant.approve(plant.pia, value=value)
    assert asked_values(plant.database, plant.case) == [("proposed", 438.0)]
    card, row = plant.seen_by(plant.pia)
    assert card.approval.my_part is None and not row.mine and card.approval.may_reject
    assert card.blocked.startswith("Whoever entered the validated limits in force does not approve")
    card, row = plant.seen_by(plant.sue)
    assert card.approval.releases and not card.blocked and row.mine
    Escalation(plant.database).turn()
    with plant.database.read() as tx:
        told = set(tx.execute(select(t.notices.c.account_id).where(t.notices.c.channel == "app")).scalars())
    assert told == {plant.sue.account_id}
    assert plant.approve(plant.sue).state == "approved"


@pytest.mark.parametrize("scope", ["the line", "the machine"])
def test_the_limits_of_the_moment_say_who_may_not(plant, scope) -> None:
    plant.limit(plant.sue, scope=LINE if scope == "the line" else plant.unit)
    with pytest.raises(Forbidden, match="entered the validated limits"):
        plant.approve(plant.sue)
    assert plant.approve(plant.pia).state == "approved"


@pytest.mark.parametrize("change", ["narrower", "taken back"])
def test_what_the_limits_allow_no_longer_never_leaves(plant, change) -> None:
    sink, word = MemorySink(), "do not allow this value"
    relay = Relay(plant.database, sink)
    plant.approve(plant.sue)
    if change == "narrower":
        plant.limit(plant.sue, high=435.0)
    else:
        ProcessCommands(plant.database).take_back(plant.sue, LINE, "P-201", FORCE, "new dies")
        word = "no validated limits hold"
    assert relay.send_due().failed == 1 and relay.send_due().failed == 0
    assert not any(sink.work.values()) and asked_values(plant.database, plant.case) == [("refused", 438.0)]
    queries = DecideQueries(Context(plant.database, plant.sue, SITE, Clock(f.NOW, wall_us())))
    card = queries.case(plant.case["number"])
    assert (card.state, card.attention) == ("refused", True)
    assert word in card.commands[0].detail and card.commands[0].detail.startswith("not sent: ")
    assert any(step.text.startswith("The request was not sent: ") and step.alarming for step in card.course)


def test_limits_that_still_allow_it_hold_nothing_back(plant) -> None:
    sink = MemorySink()
    plant.approve(plant.sue)
    plant.limit(plant.sue, high=440.0)
    sent = Relay(plant.database, sink).send_due()
    assert (sent.sent, sent.failed, len(sink.work["mes.line-2"])) == (1, 0, 1)
