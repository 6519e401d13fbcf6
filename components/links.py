"""Links between screens, as text that is safe to put into HTML."""

from html import escape
from urllib.parse import urlencode


def url(screen: str, **query: str) -> str:
    """`/machine?id=north%2F...`: an address within the desk, not yet escaped for HTML."""
    return f"/{screen}" + (f"?{urlencode(query)}" if query else "")


def href(screen: str, **query: str) -> str:
    """The attributes of an `<a>`: `href="/machine?id=..." class="tw-link"`."""
    return f'href="{escape(url(screen, **query))}" class="tw-link"'


def link(label: str, screen: str, **query: str) -> str:
    """A whole `<a>`; the label is escaped."""
    return f"<a {href(screen, **query)}>{escape(label)}</a>"
