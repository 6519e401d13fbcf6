"""Where finished reports go: a folder or mail boxes. Both answer with the outcomes of data.sinks.port."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from data.sinks.port import Outcome


@dataclass(frozen=True, slots=True)
class File:
    """One file by name and media type (`application/pdf`)."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Parcel:
    """Files with a subject and a few words. `key` is the same however often the parcel is sent."""

    key: str
    subject: str
    words: str
    files: Sequence[File]


class Outlet(Protocol):
    """Brings a parcel to its target. Never raises for trouble on the way."""

    def deliver(self, parcel: Parcel, target: Sequence[str]) -> Outcome:
        """Ack: it arrived whole. Retry: perhaps later. Terminal: a person has to look."""
        ...
