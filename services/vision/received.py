"""What became of a picture that was sent."""

from dataclasses import dataclass

MOST_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class Received:
    """`new` is False when the picture was known already; `reason` is "" unless it was refused."""

    inspection_id: str
    sha256: str
    new: bool
    reason: str = ""
