"""What a screen says instead of its content: nothing there, not allowed, not now."""

from components.links import link
from components.words import safe


def sentence(text: object) -> str:
    """A message of ours as a sentence: capital first, full stop last."""
    said = str(text).strip().rstrip(".")
    return f"{said[:1].upper()}{said[1:]}."


def notice(title: str, text: str, back: tuple[str, str] | None = None, *, wrong: bool = False) -> str:
    """A panel with what is the matter, what to do about it, and a way back (words, screen)."""
    mark = '<span class="tw-mark">&#9650;</span> ' if wrong else ""
    way = f"<p>{link(*back)}</p>" if back else ""
    more = f"<p>{safe(text)}</p>" if text else ""
    head = f"<h1>{mark}{safe(title.rstrip('.'))}</h1>"
    return f'<section class="tw-panel tw-notice" role="status">{head}{more}{way}</section>'
