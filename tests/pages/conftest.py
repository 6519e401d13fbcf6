"""Screens run by Streamlit's own test runner, on a real database, for whoever is signed in."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from streamlit.testing.v1 import AppTest

import pages
from auth.permissions import Actor
from data.store.database import Database
from data.store.sealing import Seal, new_key
from domain.clock import Clock, wall_us
from services.actors import load_actor
from services.commands.accounts import AccountCommands
from services.commands.alarms import AlarmCommands
from services.commands.calendars import CalendarCommands
from services.commands.care import CareCommands
from services.commands.cases import CaseCommands
from services.commands.charts import ChartCommands
from services.commands.drafts import DraftCommands
from services.commands.energy import EnergyCommands
from services.commands.explanations import ExplanationCommands
from services.commands.figures import FigureCommands
from services.commands.handover import HandoverCommands
from services.commands.intake import IntakeCommands
from services.commands.model_watch import ModelWatchCommands
from services.commands.models import ModelCommands
from services.commands.outcomes import OutcomeCommands
from services.commands.pictures import PictureCommands
from services.commands.plant import PlantCommands
from services.commands.policy import PolicyCommands
from services.commands.process import ProcessCommands
from services.commands.reports import ReportCommands
from services.commands.reviews import ReviewCommands
from services.commands.roster import RosterCommands
from services.commands.second_factor import SecondFactorCommands
from services.commands.stopping import StopCommands
from services.commands.stops import MachineStopCommands
from services.context import Context
from services.desk import Commands, Desk, open_desk
from services.rows.site import SiteRow
from tests import factories as f

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")


class SignedIn:
    """A sign-in that knows one person, read anew from the database each time."""

    def __init__(self, database: Database, account_id: str) -> None:
        self._database, self._account_id = database, account_id

    def actor(self, _token: str | None) -> Actor:
        with self._database.read() as tx:
            return load_actor(tx, self._account_id)


@dataclass
class Screens:
    """Opens screens as somebody."""

    database: Database
    supervisor: Actor

    def open(self, screen: str, actor: Actor | None = None, **query: str) -> AppTest:
        """Run `module:function` once, with the address's query."""
        who = actor or self.supervisor
        desk_of = self.desk_of
        accounts = SignedIn(self.database, who.account_id)
        pages.bind(pages.Bound(accounts, lambda _actor: (SITE,), desk_of, "session"))  # type: ignore[arg-type]
        test = AppTest.from_function(_script, kwargs={"screen": screen}, default_timeout=60)
        for name, value in query.items():
            test.query_params[name] = value
        return test.run()

    def desk_of(self, actor: Actor, site: SiteRow) -> Desk:
        commands = Commands(
            cases=CaseCommands(self.database),
            accounts=AccountCommands(self.database),
            explanations=ExplanationCommands(self.database),
            charts=ChartCommands(self.database),
            energy=EnergyCommands(self.database),
            alarms=AlarmCommands(self.database),
            reports=ReportCommands(self.database, mail=False),
            policy=PolicyCommands(self.database),
            second_factor=SecondFactorCommands(self.database),
            care=CareCommands(self.database),
            stopping=StopCommands(self.database),
            handover=HandoverCommands(self.database),
            outcomes=OutcomeCommands(self.database),
            figures=FigureCommands(self.database),
            stops=MachineStopCommands(self.database),
            drafts=DraftCommands(self.database),
            calendars=CalendarCommands(self.database),
            reviews=ReviewCommands(self.database),
            roster=RosterCommands(self.database),
            intake=IntakeCommands(self.database),
            models=ModelCommands(self.database),
            model_watch=ModelWatchCommands(self.database),
            pictures=PictureCommands(self.database),
            plant=PlantCommands(self.database),
            process=ProcessCommands(self.database),
        )
        return open_desk(Context(self.database, actor, site, Clock(f.NOW, wall_us())), commands)


def _script(screen: str) -> None:
    from importlib import import_module

    import streamlit as st

    from domain.errors import UserFixable
    from pages import bound

    held = bound()
    actor = held.accounts.actor(None)
    module, _, function = screen.partition(":")
    try:
        getattr(import_module(module), function)(held.open_desk(actor, held.sites_of(actor)[0]))
    except UserFixable as error:  # as the shell does
        st.info(str(error))


@pytest.fixture
def screens(database: Database) -> Screens:
    with database.write() as tx:
        f.site(tx)
        f.machine(tx, name="CNC-11")
        supervisor = f.account(tx, name="Supervisor North")
    database.seal = Seal([new_key()])
    return Screens(database, supervisor)


@pytest.fixture
def somebody(screens: Screens) -> Callable[..., Actor]:
    """Another account: `somebody("tom", [Role.OPERATOR])`."""

    def make(username, roles, scopes=("north",)):
        with screens.database.write() as tx:
            return f.account(tx, username, roles, scopes)

    return make


def html_of(test: AppTest) -> str:
    """All HTML on the screen, in order."""
    assert not test.exception, test.exception
    return "\n".join(element.proto.body for element in test.get("html"))
