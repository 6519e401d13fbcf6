"""What a roster file would enter, and what is wrong with it."""

from dataclasses import dataclass

from domain.roster import Line, Wrong


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
    """What a file would enter, everything that is wrong with it, and how many duties it would end."""

    entries: tuple[Entry, ...]
    wrong: tuple[Wrong, ...]
    ends: tuple[str, ...]
