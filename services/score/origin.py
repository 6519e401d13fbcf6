"""Where and since when a model may speak: what learned from simulations never scores real machines."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from sqlalchemy import Connection, select

from data.store import registry, stops
from data.store import tables as t
from services.score.inputs import Input
from services.situation import site_at

ELSEWHERE = "this model has learned from simulated machines only; train it on readings of this plant first"


class _Learned(Protocol):
    @property
    def simulated(self) -> bool: ...


class _Card(Protocol):
    @property
    def data(self) -> _Learned: ...


def barred(tx: Connection, card: _Card, site_id: str) -> bool:
    """May this model not speak at this site?"""
    s = t.sites.c
    return card.data.simulated and not tx.execute(select(s.virtual).where(s.site_id == site_id)).scalar()


def silenced(inputs: Iterable[Input]) -> list[Input]:
    """The same inputs without their windows: what is not there cannot be scored."""
    return [replace(one, window=None, reason=ELSEWHERE) for one in inputs]


def speaks_since(tx: Connection, key: tuple[str, str], site_id: str, *, shadow: bool) -> int:
    """Plant time since which a version may speak: after its last stop, and as champion; -1 for ever."""
    resumed = stops.resumed_us(tx, site_id, key[0])
    since = None if shadow else registry.champion_since(tx, *key)
    took_over = -1 if since is None else site_at(tx, site_id).clock.plant_us(since)
    return max(took_over, -1 if resumed is None else resumed)
