"""The chance of a failure by several horizons, as a table."""

from collections.abc import Sequence

from components.tables import panel, table
from components.words import NOTHING, of_100, safe
from services.rows.predict import HorizonRow

NAMES = {8: "8 h", 24: "24 h", 72: "3 days", 168: "1 week"}
TITLE = "Chance of a failure over time"
HEAD = ("Within", "Of operation", "By the clock", "Planned to run")
CYCLES = ("Within", "Chance of a failure")


def horizons_panel(rows: Sequence[HorizonRow], note: str) -> str:
    """The table, with a quiet bar behind each chance; nothing without horizons.

    `note` stands at the right of the title.
    """
    if not rows:
        return ""
    if rows[0].planned is None:
        lines = [(f"{row.at:,.0f} cycles", _bar(row.chance)) for row in rows]
        return panel(TITLE, table(CYCLES, lines, right=(1,), tight=True), safe(note))
    body = table(HEAD, map(_line, rows), right=(1, 2, 3), tight=True)
    return panel(TITLE, body, safe(note))


def _line(row: HorizonRow) -> Sequence[str]:
    planned = NOTHING if row.planned is None else f"{row.planned:,.0f} h"
    name = NAMES.get(round(row.at), f"{row.at:,.0f} h")
    clock = NOTHING if row.by_clock is None else _bar(row.by_clock)
    return name, _bar(row.chance), clock, f'<span class="tw-nw">{planned}</span>'


def _bar(chance: float) -> str:
    width = round(100 * min(max(chance, 0.0), 1.0))
    return (
        f'<span class="tw-nw">{of_100(chance)}</span>'
        f'<span class="tw-chance" aria-hidden="true"><i style="width:{width}%"></i></span>'
    )
