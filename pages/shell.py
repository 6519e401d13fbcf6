"""The frame around every screen: who are you, where may you go, what is open.

Streamlit runs this script for each click. The same url paths exist signed in or not, so that a deep
link survives the sign-in, and a cold one shows the sign-in and nothing else.
"""

from collections.abc import Callable
from typing import NoReturn

import streamlit as st

from auth.permissions import Actor
from components import topbar
from components.links import url
from components.notices import notice, sentence
from components.tokens import STYLESHEET
from domain.errors import Conflict, Forbidden, NotFound, NotSignedIn, Retryable, UserFixable
from pages import Bound, bound
from pages.account import sign_in
from pages.registry import PAGES, Page, Section
from services.desk import Desk
from services.rows.site import SiteRow

_ASK = "Ask an administrator if you need it."
_LATER = "The database or another part does not answer. Please try again in a moment."
_BACK = ("Back to the plant", PAGES[0].url_path)


def main() -> None:
    """One run."""
    held = bound()
    st.set_page_config("Taktwise", page_icon="static/favicon.svg", layout="wide")
    st.html(STYLESHEET)
    try:
        actor = held.accounts.actor(st.context.cookies.get(held.session_cookie))
    except NotSignedIn as ended:
        _navigate(_signed_out(held, str(ended))).run()
        return
    _signed_in(held, actor)


def _signed_out(held: Bound, reason: str) -> dict[str, Callable[[], None]]:
    had_one = held.session_cookie in st.context.cookies
    return {p.url_path: lambda: sign_in.render(held.accounts, reason if had_one else "") for p in PAGES}


def _signed_in(held: Bound, actor: Actor) -> None:
    site = _site(held.sites_of(actor))
    if site is None:
        chosen = _navigate(dict.fromkeys((p.url_path for p in PAGES), _nowhere))
        topbar.show(topbar.TopBar([], [], actor.name, _roles(actor), "", []))
        chosen.run()
        return
    desk = held.open_desk(actor, site)
    pages = _pages({p.url_path: _screen(p, desk) for p in PAGES}, titled=True)
    chosen = st.navigation(list(pages.values()), position="hidden")
    current = next(p for p in PAGES if p.url_path == (chosen.url_path or PAGES[0].url_path))
    address = topbar.show(_bar(desk, held.sites_of(actor), current))
    if address:
        _go(address, pages)
    chosen.run()


def _site(sites: tuple[SiteRow, ...]) -> SiteRow | None:
    wanted = st.query_params.get("site") or st.session_state.get("site")
    chosen = next((s for s in sites if s.site_id == wanted), sites[0] if sites else None)
    st.session_state["site"] = chosen.site_id if chosen else None
    return chosen


def _navigate(screens: dict[str, Callable[[], None]]) -> "st.Page":
    return st.navigation(list(_pages(screens, titled=False).values()), position="hidden")


def _pages(screens: dict[str, Callable[[], None]], *, titled: bool) -> dict[str, "st.Page"]:
    return {
        p.url_path: st.Page(
            screens[p.url_path],
            title=f"{p.title} \u2013 Taktwise" if titled else "Taktwise",
            url_path=p.url_path,
            default=p is PAGES[0],
        )
        for p in PAGES
    }


def _screen(page: Page, desk: Desk) -> Callable[[], None]:
    def run() -> None:
        try:
            desk.actor.require(page.permission)
            page.load()(desk)
        except Forbidden as error:
            st.html(notice("This screen is not open to you", f"{sentence(error)} {_ASK}", _BACK))
        except NotFound as error:
            st.html(notice(sentence(error), "The address may be old, or the place is not yours.", _BACK))
        except UserFixable as error:
            st.html(notice("This does not work like that", sentence(error), _BACK))
        except Conflict as error:
            st.html(notice("Somebody was faster", f"{sentence(error)} Please look again.", _BACK))
        except Retryable:
            st.html(notice("The desk cannot read its data now", _LATER, _BACK, wrong=True))

    return run


def _bar(desk: Desk, sites: tuple[SiteRow, ...], current: Page) -> topbar.TopBar:
    mine = [p for p in PAGES if p.in_menu and desk.may(p.permission)]
    waiting = desk.queries.floor.open_cases() if any(p.badge for p in mine) else 0
    first = {s: p for s in Section for p in reversed(mine) if p.section is s}
    tabs = [
        topbar.Tab(s, url(p.url_path), s is current.section, waiting if p.badge else 0)
        for s, p in first.items()
    ]
    under = [topbar.Tab(p.title, url(p.url_path), p is current) for p in mine if p.section is current.section]
    named = [(s.site_id, s.name) for s in sites]
    own = current.section is Section.OWN
    return topbar.TopBar(tabs, under, desk.actor.name, _roles(desk.actor), desk.site.site_id, named, own)


def _roles(actor: Actor) -> str:
    return ", ".join(sorted(r.value.replace("_", " ").capitalize() for r in actor.roles))


def _go(address: str, pages: dict[str, "st.Page"]) -> NoReturn:
    path, query = topbar.parts_of(address)
    target = pages.get(path or PAGES[0].url_path, pages[PAGES[0].url_path])
    st.switch_page(target, query_params=query)


def _nowhere() -> None:
    st.html(notice("No site is open to you yet", "An administrator can give you access."))


main()
