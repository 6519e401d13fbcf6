"""The screens. The runtime binds here what they need; each screen is a callable `render(desk)`.

Streamlit runs `pages/shell.py` again for every click, but imports this package once, so that what
was bound at start-up is found here by every run.
"""

from collections.abc import Callable
from dataclasses import dataclass

from auth.permissions import Actor
from domain.errors import SettingsError
from services.accounts import Accounts
from services.desk import Desk
from services.rows.site import SiteRow


@dataclass(frozen=True, slots=True)
class Bound:
    """The sign-in, the sites that an actor may see, and the desk of an actor at a site."""

    accounts: Accounts
    sites_of: Callable[[Actor], tuple[SiteRow, ...]]
    open_desk: Callable[[Actor, SiteRow], Desk]
    session_cookie: str


_held: list[Bound] = []


def bind(bound: Bound) -> None:
    """Called once by the runtime, before the first screen."""
    _held[:] = [bound]


def bound() -> Bound:
    """What was bound. Raises SettingsError when the shell was started without app.py."""
    if not _held:
        raise SettingsError("start the desk with `streamlit run app.py` or `make run`")
    return _held[0]
