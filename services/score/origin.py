"""Weights that have learned from simulated machines alone never score real ones."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection, select

from data.store import tables as t
from models.failure.card import Card
from services.score.inputs import Input

ELSEWHERE = "this model has learned from simulated machines only; train it on readings of this plant first"


def barred(tx: Connection, card: Card, site_id: str) -> bool:
    """May this model not speak at this site?"""
    s = t.sites.c
    return card.data.simulated and not tx.execute(select(s.virtual).where(s.site_id == site_id)).scalar()


def silenced(inputs: Iterable[Input]) -> list[Input]:
    """The same inputs without their windows: what is not there cannot be scored."""
    return [replace(one, window=None, reason=ELSEWHERE) for one in inputs]
