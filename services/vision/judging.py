"""Judging the pictures that wait, with the model that serves; whatever is not plain goes to a person.

While the model is stopped (alone, or with all), pictures are not judged and wait for nothing: they go to
a person at once, with the reason. What was not judged is never made up for.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from data.store import inspections as store
from data.store import stops
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, wall_us
from domain.errors import InvalidInput
from models.vision import pictures
from models.vision.overlay import heat
from models.vision.session import Inspector, Seen
from services.situation import every_site

A_TURN = 8
MOST_BACK = 2_000  # pictures that a challenger looks back at
RENDERED = "plant"  # the kind whose pictures are drawn, not taken
DRAWN = "the model learned from drawn parts and never judges real ones: a person looks at this picture"
STOPPED = "the AI was stopped: a person looks at this picture"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a turn did."""

    judged: int = 0
    refused: int = 0
    unjudged: int = 0

    @property
    def total(self) -> int:
        """Pictures that wait no more."""
        return self.judged + self.refused + self.unjudged

    def __add__(self, other: "Judged") -> "Judged":
        return Judged(
            self.judged + other.judged, self.refused + other.refused, self.unjudged + other.unjudged
        )


def judge_due(
    database: Database, inspector: Inspector, limit: int = A_TURN, challengers: Sequence[Inspector] = ()
) -> Judged:
    """Judge the pictures that have waited longest, `limit` at the most; each is stored for itself.

    Challengers see the same pictures; what they say is kept apart, and decides nothing.
    """
    with database.read() as tx:
        rows = store.next_waiting(tx, limit)
    found = Judged()
    for row in rows:
        values = judged(inspector, row["data"])
        shadows = [shadowed(one, row) for one in challengers] if values["state"] == store.JUDGED else []
        with database.write() as tx:
            why = _silent(tx, row["site_id"], inspector)
            if why:
                values, shadows = {"state": store.UNJUDGED, "reason": why, "for_person": True}, []
            if store.settle(tx, row["inspection_id"], values):
                found += _counted(values["state"])
                for one in filter(None, shadows):
                    store.shadow(tx, one)
    return found


def shadowed(challenger: Inspector, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The row of what a challenger says of a picture; None where it refuses the picture."""
    said = judged(challenger, row["data"])
    if said["state"] != store.JUDGED:
        return None
    names = ("model_name", "model_version", "label", "confidence", "strangeness", "unknown", "for_person")
    kept = {name: said[name] for name in names}
    return kept | {"inspection_id": row["inspection_id"], "judged_wall_us": wall_us()}


def look_back(
    database: Database, challenger: Inspector, days: float, progress: Callable[[float], None]
) -> int:
    """Let a challenger see the judged pictures of the last days of every site; returns how many it saw.

    Only for days that it has not learned from; whoever calls answers for the first of them.
    """
    card, number = challenger.card, 0
    with database.read() as tx:
        after = min((site.now_us for site in every_site(tx)), default=0) - round(days * DAY)
        rows = store.judged_since(tx, after, (card.name, card.version), MOST_BACK)
        rows = [row for row in rows if not _silent(tx, row["site_id"], challenger)]
    for place, row in enumerate(rows):
        said = shadowed(challenger, row)
        if said is not None:
            with database.write() as tx:
                store.shadow(tx, said)
            number += 1
        progress((place + 1) / len(rows))
    return number


def _silent(tx: Connection, site_id: str, inspector: Inspector) -> str:
    """Why the model says nothing at this site; "" when it may speak."""
    if stops.stopped(tx, site_id, inspector.card.name, hold=True):
        return STOPPED
    s = t.sites.c
    virtual = tx.execute(select(s.virtual).where(s.site_id == site_id)).scalar()
    return "" if virtual or inspector.card.kind != RENDERED else DRAWN


def judged(inspector: Inspector, data: bytes) -> dict[str, Any]:
    """The columns that a judgement fills; a picture that is not the camera's is refused."""
    try:
        pixels = pictures.decode(data, inspector.camera)
        if odd := inspector.odd(pixels[None])[0]:
            return {"state": store.UNJUDGED, "reason": f"not judged: {odd}", "for_person": True}
        seen = inspector.see(pixels[None])
    except InvalidInput as error:
        return {"state": store.REFUSED, "reason": str(error), "for_person": False}
    if not np.isfinite(seen.probability).all():
        return {"state": store.REFUSED, "reason": "the model gives no finite answer", "for_person": True}
    return _values(inspector, seen)


def _values(inspector: Inspector, seen: Seen) -> dict[str, Any]:
    card, p = inspector.card, seen.probability[0]
    place = int(p.argmax())
    unknown = bool(inspector.unknown(seen)[0])
    plain = card.labels[place] == card.good and not unknown and p[place] >= card.sure_from
    regions = [] if plain else np.round(100 * heat(seen.maps[0, place])).astype(int).tolist()
    content = {
        "probabilities": {label: round(float(v), 5) for label, v in zip(card.labels, p, strict=True)},
        "regions": regions,
        "additivity_error": float(seen.additivity_error[0]),
    }
    return {
        "state": store.JUDGED, "model_name": card.name, "model_version": card.version,
        "label": card.labels[place], "confidence": float(p[place]),
        "strangeness": float(seen.strangeness[0]), "unknown": unknown, "for_person": not plain,
        "content": json.dumps(content),
    }  # fmt: skip


def _counted(state: str) -> Judged:
    return Judged(int(state == store.JUDGED), int(state == store.REFUSED), int(state == store.UNJUDGED))


def forget_old(tx: Connection, site_id: str, before_us: int, limit: int = 500) -> int:
    """Delete the bytes of old pictures that nobody has named; what was said of them stays."""
    return store.forget(tx, site_id, before_us, limit)
