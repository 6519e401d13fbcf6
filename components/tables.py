"""HTML tables and panels as text. Cells are HTML already: text from outside goes through `safe` first."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from components.words import plural, safe
from domain.spreadsheet import csv_bytes

__all__ = ["bullets", "csv_bytes", "empty", "group", "heading", "lead", "panel", "small", "table"]
Row = TypeVar("Row")


def panel(title: str, body: str, right: str = "", *, label: str = "") -> str:
    """A framed part of a screen; `title` is text, `right` and `body` are HTML."""
    head = (
        f'<div class="tw-h"><h2>{safe(title)}</h2><span class="tw-muted">{right}</span></div>'
        if title
        else ""
    )
    return f'<section class="tw-panel" aria-label="{safe(label or title)}">{head}{body}</section>'


def stack(*panels: str) -> str:
    """Panels under each other, with the usual distance; empty ones are left out."""
    return f'<div class="tw-stack">{"".join(p for p in panels if p)}</div>'


def heading(title: str, right: str = "") -> str:
    """The heading of a part within a panel; `right` is HTML."""
    return f'<div class="tw-h"><h3>{safe(title)}</h3><span class="tw-muted">{right}</span></div>'


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Sequence[int] = (),
    wide: int = -1,
    tight: bool = False,
) -> str:
    """A table with thin lines. `head` is text (`()`: none), cells are HTML, `right` columns align right,
    the column `wide` gets 40 % of the width."""
    side = [' class="tw-r"' if k in right else ' class="tw-wide"' if k == wide else "" for k in range(64)]
    titles = "".join(f'<th scope="col"{side[k]}>{safe(name)}</th>' for k, name in enumerate(head))
    top = f"<thead><tr>{titles}</tr></thead>" if head else ""
    body = "".join(
        "<tr>" + "".join(f"<td{side[k]}>{cell}</td>" for k, cell in enumerate(row)) + "</tr>" for row in rows
    )
    return f'<table class="tw-table{" tight" if tight else ""}">{top}<tbody>{body}</tbody></table>'


def group(
    title: str,
    rows: Sequence[Row],
    head: Sequence[str],
    cells: Callable[[Row], Sequence[str]],
    right: Sequence[int],
    note: str = "",
) -> str:
    """Some of the machines as a panel that counts them; nothing without any. `note` is HTML."""
    said = "; ".join(filter(None, (plural(len(rows), "machine"), note)))
    return panel(title, table(head, map(cells, rows), right=right, tight=True), said) if rows else ""


def small(html: str, kind: str = "") -> str:
    """A quiet second line within a cell; `html` is HTML already."""
    return f'<div class="tw-muted tw-small {kind}">{html}</div>'


def bullets(lines: Iterable[str], none: str) -> str:
    """A list of sentences, or one quiet sentence when there are none."""
    items = "".join(f"<li>{safe(line)}</li>" for line in lines)
    return f'<ul class="tw-list">{items}</ul>' if items else f'<p class="tw-muted tw-none">{safe(none)}</p>'


def empty(text: str) -> str:
    """What a screen says when it has nothing to show."""
    return f'<div class="tw-empty" role="status">{safe(text)}</div>'


def lead(sentence: str, right: str = "") -> str:
    """The sentence at the top of a screen (HTML), with something small at its right."""
    return f'<div class="tw-lead"><p>{sentence}</p><span class="tw-age tw-muted">{right}</span></div>'
