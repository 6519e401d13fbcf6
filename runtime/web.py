"""The web process: binds the desk to the screens, and makes the parts of the ASGI app.

`streamlit run app.py`, `uvicorn app:app` and `python -m runtime app` all end up here.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

import pages
from api import pictures as api_pictures
from auth.sessions import SESSION_COOKIE
from components import live_sections
from data.store.database import Database
from domain.errors import SettingsError
from pages.registry import PAGES
from runtime import secret_key, web_assets, web_auth, web_drafts
from runtime import settings as runtime_settings
from runtime.collector import quiet
from runtime.settings import ROOT, Settings
from runtime.web_live import Feed
from runtime.web_security import Gate, SecurityHeaders, content_policy, inline_hashes
from services.accounts import Accounts
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
from services.commits import Commits
from services.context import Context
from services.desk import Commands, open_desk
from services.live import LiveHub
from services.sites import clock_of, sites_of
from services.vision.received import Received


@dataclass(frozen=True, slots=True)
class WebParts:
    """What app.py gives to `st.App`."""

    script: Path
    routes: Sequence[BaseRoute]
    middleware: Sequence[Middleware]
    lifespan: Callable[[Any], AbstractAsyncContextManager[None]]
    on_script_error: Callable[[Exception], bool]


def build(settings: Settings | None = None) -> WebParts:
    """Open the database, bind the screens, and put the parts together. Raises SettingsError."""
    settings = settings or runtime_settings.load()
    database = Database(settings.store_url, pool_size=12, seal=secret_key.load(settings))
    accounts = Accounts(database, settings.session_hours)
    feed = Feed(LiveHub(database, live_sections.draw), accounts, lambda: Commits(database))
    bind(settings, database, accounts)
    policy = content_policy(inline_hashes(_html_pages()))
    return WebParts(
        script=ROOT / "pages" / "shell.py",
        routes=[
            *web_auth.routes(accounts, settings.public_https),
            *feed.routes(),
            *web_assets.routes(),
            *web_drafts.routes(accounts, DraftCommands(database)),
            *api_pictures.routes(settings.picture_tokens, _take_picture(database)),
            Route(f"/{PAGES[0].url_path}", _to_first_screen),
        ],
        middleware=[
            Middleware(SecurityHeaders, policy=policy, https=settings.public_https),
            Middleware(Gate, public_https=settings.public_https),
        ],
        lifespan=lambda _app: _lifespan(feed, database),
        on_script_error=_say_sorry,
    )


def _take_picture(database: Database) -> Callable[[str, bytes, str], Received]:
    def take(unit: str, data: bytes, sender: str) -> Received:
        from services.vision.intake import receive  # brings Pillow and numpy: a camera's first picture waits

        return receive(database, unit, data, "http", sender)

    return take


async def _to_first_screen(request: Request) -> RedirectResponse:
    """Streamlit serves the first screen at `/` alone; its own name leads there too."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/{query}", 307)


def bind(settings: Settings, database: Database, accounts: Accounts) -> None:
    """Give the screens what they need."""
    commands = Commands(
        cases=CaseCommands(database),
        accounts=AccountCommands(database),
        explanations=ExplanationCommands(database),
        charts=ChartCommands(database),
        energy=EnergyCommands(database),
        alarms=AlarmCommands(database),
        reports=ReportCommands(database, mail=bool(settings.smtp_url)),
        policy=PolicyCommands(database),
        second_factor=SecondFactorCommands(database),
        care=CareCommands(database),
        stopping=StopCommands(database),
        handover=HandoverCommands(database),
        outcomes=OutcomeCommands(database),
        figures=FigureCommands(database),
        stops=MachineStopCommands(database),
        drafts=DraftCommands(database),
        calendars=CalendarCommands(database),
        reviews=ReviewCommands(database),
        roster=RosterCommands(database),
        intake=IntakeCommands(database),
        models=ModelCommands(database),
        model_watch=ModelWatchCommands(database),
        pictures=PictureCommands(database),
        plant=PlantCommands(database),
        process=ProcessCommands(database),
    )

    def desk_of(actor: Any, site: Any) -> Any:
        context = Context(database, actor, site, clock_of(database, site.site_id))
        return open_desk(context, commands)

    pages.bind(
        pages.Bound(accounts, lambda actor: sites_of(database, actor, settings.site), desk_of, SESSION_COOKIE)
    )


@asynccontextmanager
async def _lifespan(feed: Feed, database: Database) -> AsyncIterator[None]:
    feed.start(asyncio.get_running_loop())
    try:
        with quiet():
            yield
    finally:
        feed.stop()
        database.close()


def _html_pages() -> list[Path]:
    """HTML of others that we serve: Streamlit's page, and the frame that the sign-in form brings."""
    folders = (
        (_package("streamlit") / "static", "index.html"),
        (_package("extra_streamlit_components"), "**/index.html"),
    )
    return [page for folder, pattern in folders for page in folder.glob(pattern)]


def _package(name: str) -> Path:
    """The folder of an installed package, without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise SettingsError(f"the package {name} is not installed")
    return Path(spec.origin).parent


def _say_sorry(_error: Exception) -> bool:
    """Streamlit has logged the error; the person sees one calm sentence and no details."""
    st.error(
        "This screen could not be drawn. The error was logged; please try again or tell your administrator."
    )
    return True
