"""What a person was typing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Draft:
    """The text ('' when nothing is kept), and how often a text under this subject was used up before."""

    content: str = ""
    uses: int = 0
