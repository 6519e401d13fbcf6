"""The web process: binds the desk to the screens, and makes the parts of the ASGI app.

`streamlit run app.py` and `uvicorn app:app` both end up here; `serve` does the same from the command line.
"""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import extra_streamlit_components
import streamlit
import uvicorn
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

import pages
from auth.sessions import SESSION_COOKIE
from data.store.database import Database
from runtime import settings as runtime_settings
from runtime import web_assets, web_auth, web_live
from runtime.settings import ROOT, Settings
from runtime.web_security import Gate, SecurityHeaders, content_policy, inline_hashes
from services.accounts import Accounts
from services.commands.accounts import AccountCommands
from services.commands.cases import CaseCommands
from services.commands.explanations import ExplanationCommands
from services.context import Context
from services.desk import Commands, open_desk
from services.live import LiveHub
from services.sites import clock_of, sites_of

log = logging.getLogger("taktwise.web")


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
    database = Database(settings.store_url, pool_size=12)
    accounts = Accounts(database, settings.session_hours)
    hub = LiveHub(database)
    bind(settings, database, accounts)
    policy = content_policy(inline_hashes(_html_pages()))
    return WebParts(
        script=ROOT / "pages" / "shell.py",
        routes=[
            *web_auth.routes(accounts, settings.public_https),
            *web_live.routes(hub, accounts),
            *web_assets.routes(),
        ],
        middleware=[
            Middleware(SecurityHeaders, policy=policy, https=settings.public_https),
            Middleware(Gate, public_https=settings.public_https),
        ],
        lifespan=lambda _app: _lifespan(hub, database),
        on_script_error=_log_error,
    )


def bind(settings: Settings, database: Database, accounts: Accounts) -> None:
    """Give the screens what they need."""
    commands = Commands(
        cases=CaseCommands(database),
        accounts=AccountCommands(database),
        explanations=ExplanationCommands(database),
    )

    def desk_of(actor: Any, site: Any) -> Any:
        context = Context(database, actor, site, clock_of(database, site.site_id))
        return open_desk(context, commands)

    pages.bind(
        pages.Bound(accounts, lambda actor: sites_of(database, actor, settings.site), desk_of, SESSION_COOKIE)
    )


def serve(settings: Settings) -> None:
    """Run the web process until it is stopped."""
    config = uvicorn.Config(
        "app:app",
        host=settings.web_host,
        port=settings.web_port,
        log_level="warning",
        access_log=False,
        proxy_headers=settings.public_https,
        forwarded_allow_ips="127.0.0.1",
        ws="websockets-sansio",
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    uvicorn.Server(config).run()


@asynccontextmanager
async def _lifespan(hub: LiveHub, database: Database) -> AsyncIterator[None]:
    feed = web_live.Feed(hub, asyncio.get_running_loop())
    feed.start()
    gc.collect()
    gc.freeze()  # what start-up made stays for ever: no collection needs to look at it again
    try:
        yield
    finally:
        feed.stop()
        database.close()


def _html_pages() -> list[Path]:
    cookies = Path(extra_streamlit_components.__file__).parent / "CookieManager"
    found = [Path(streamlit.__file__).parent / "static" / "index.html", *cookies.rglob("index.html")]
    return [page for page in found if page.is_file()]


def _log_error(error: Exception) -> bool:
    log.error("a screen failed", exc_info=error)
    return False
