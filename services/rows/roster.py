"""What a roster file would enter, and what is wrong with it."""

from dataclasses import dataclass

from domain.csv_file import Wrong
from domain.roster import Line


@dataclass(frozen=True, slots=True)
class Entry:
    """One line with the ids behind its names. `known`: the same duty is entered already."""

    line: Line
    account_id: str
    name: str
    equipment_id: str
    known: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file would enter, everything that is wrong with it, and the duties that it would end.

    `digest` is another one as soon as taking it in would do something else.
    """

    entries: tuple[Entry, ...]
    wrong: tuple[Wrong, ...]
    ends: tuple[str, ...]
    digest: str
