"""The plant's own log of what it sent: one line a reading, appended, so that others can be counted by it.

A line is `kind<TAB>device<TAB>source time in ms`. Kinds: `data` went out when it was read, `history` later
from an edge node's buffer, `birth` is the last reading that a birth repeats. A JSON reading is written when
the broker has acknowledged it; a Sparkplug reading when it is given to the network, at QoS 0.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

DATA, HISTORY, BIRTH = "data", "history", "birth"


class Sent(NamedTuple):
    """One reading that went out."""

    kind: str
    device: str
    at_ms: int


class SentLog:
    """Appends; `flush` brings everything to the file. It grows without bound: switch it on for a trial."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1 << 16)

    def note(self, kind: str, device: str, at_ms: int) -> None:
        """One reading went out."""
        self._file.write(f"{kind}\t{device}\t{at_ms}\n")

    def flush(self) -> None:
        """Everything noted so far is in the file."""
        self._file.flush()

    def close(self) -> None:
        """Flush, and give the file back."""
        self._file.close()


def read(path: Path) -> Iterator[Sent]:
    """What was noted, in order."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            kind, device, at_ms = line.rstrip("\n").split("\t")
            yield Sent(kind, device, int(at_ms))
