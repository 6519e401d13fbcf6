"""Units of sources: the usual ones by our own table (domain.units), any other by pint.

pint takes a turn for 2 pi, so that it would read 1 rpm as 6.28 1/min: whatever names an angle is left to
the table.
"""

import re
from functools import cache, lru_cache
from typing import Any

from domain import units
from domain.units import Conversion

LONGEST = 40
_WORD = r"[A-Za-z_\u00b5\u03a9%]+(?:2|3|\^2|\^3|\*\*2|\*\*3|\u00b2|\u00b3)?"
_UNIT = re.compile(rf"(?:1|{_WORD})(?:\s*[/*\u00b7]\s*{_WORD})*")
_ANGLES = re.compile(r"rpm|rps|rev|turn|cycle|rad|deg(?![CFR])|grad", re.IGNORECASE)
_POWERS = str.maketrans({"\u00b2": "**2", "\u00b3": "**3", "\u00b7": "*"})


def conversion(sent: str, kept: str) -> Conversion | None:
    """How to read `sent` as `kept`; None when nobody knows. No unit at all changes nothing."""
    return units.conversion(sent, kept) or _by_pint(sent[: LONGEST + 1], kept)


@lru_cache(maxsize=4_096)
def _by_pint(sent: str, kept: str) -> Conversion | None:
    if len(sent) > LONGEST or not _UNIT.fullmatch(sent) or _ANGLES.search(sent):
        return None
    registry = _registry()
    try:
        zero, one = (
            float(registry.Quantity(number, _plain(sent)).to(_plain(kept)).magnitude) for number in (0, 1)
        )
    except Exception:  # noqa: BLE001 - pint raises errors of its tokenizer and parser too
        return None
    return Conversion(one - zero, zero)


def _plain(unit: str) -> str:
    """As pint writes it: `m2` is m**2."""
    return re.sub(r"(?<=[A-Za-z])([23])\b", r"**\1", unit.translate(_POWERS))


@cache
def _registry() -> Any:
    import pint  # takes a second, and few plants need it

    return pint.UnitRegistry()
