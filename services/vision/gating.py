"""The facts behind the gates of a challenger that judges pictures, in the scoring process."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from data.store import inspections as store
from data.store.database import Database
from domain import picture_gates as p
from domain.inspection import OTHER
from domain.model_gates import Gate, card_gate, file_gate
from models.card import BACKGROUND_FILE
from models.vision.session import Inspector
from services.registry.folders import Load, opened

RUNS, PAGE = 20, 4_096
Pixels = npt.NDArray[np.uint8]


def picture_gates(
    database: Database, challenger: Mapping[str, Any], champion: Mapping[str, Any] | None, load: Load
) -> list[Gate]:
    """Every gate, in the order in which people read them."""
    ours, theirs = json.loads(challenger["card"]), json.loads(champion["card"]) if champion else {}
    before = _resident_mb()
    model, trouble = opened(challenger, load, Inspector)
    spent = None if model is None else picture_ms(model)
    after = _resident_mb()
    grown = None if before is None or after is None or model is None else max(0.0, after - before)
    other = opened(champion, load, Inspector)[0] if champion else None
    shares = _foreign(model, other)
    with database.read() as tx:
        found = beside(tx, challenger, champion["version"] if champion else "")
    return [
        file_gate(trouble),
        card_gate(ours | {"data": ours.get("source")}),
        p.input_gate(ours, theirs),
        p.held_out_gate(ours.get("validation", {}), theirs.get("validation", {})),
        p.unknown_gate(*shares),
        p.speed_gate(spent),
        p.memory_gate(grown),
        p.shadow_gate(found),
        p.answer_gate(found),
        p.truth_gate(found),
    ]


def picture_ms(model: Inspector) -> float:
    """Processor time for one picture, the median of RUNS, ms."""
    picture = np.zeros((1, model.camera.channels, model.camera.size, model.camera.size), np.uint8)
    spent = []
    for _ in range(RUNS):
        began = time.thread_time()
        model.see(picture)
        spent.append((time.thread_time() - began) * 1_000)
    return median(spent)


def _foreign(
    ours: Inspector | None, theirs: Inspector | None
) -> tuple[float | None, float | None, float | None]:
    """Shares of foreign pictures said to be unknown by both, and of known ones by ours."""
    if ours is None or theirs is None or ours.camera != theirs.camera:
        return None, None, None
    with np.load(ours.folder / BACKGROUND_FILE, allow_pickle=False) as archive:
        known = archive["background"]
    pictures = foreign(known)
    shares = [float(one.unknown(one.see(pictures)).mean()) for one in (ours, theirs)]
    return shares[0], shares[1], float(ours.unknown(ours.see(known)).mean())


def foreign(known: Pixels) -> Pixels:
    """Known pictures (N, C, H, W) with something foreign over the middle: noise, and a chequered disc."""
    draw, (height, width) = np.random.default_rng(5), known.shape[2:]
    y, x = np.mgrid[0:height, 0:width]
    disc = (y - height / 2) ** 2 + (x - width / 2) ** 2 < (0.3 * min(height, width)) ** 2
    noisy, chequered = known.copy(), known.copy()
    noisy[:, :, disc] = draw.integers(0, 256, (*known.shape[:2], int(disc.sum())), np.uint8)
    chequered[:, :, disc] = (((y // 12 + x // 12) % 2) * 255).astype(np.uint8)[disc]
    return np.concatenate([noisy, chequered])


def beside(tx: Connection, challenger: Mapping[str, Any], champion: str) -> p.Beside:
    """What both said of the same pictures."""
    rows = store.seen_by_both(tx, challenger["name"], challenger["version"], champion)
    times = [row.taken_us for row in rows]
    named = [row for row in rows if row.said_label]
    return p.Beside(
        pictures=len(rows),
        span_us=max(times) - min(times) if times else 0,
        our_to_people=_share([bool(row.our_for_person) for row in rows]),
        their_to_people=_share([bool(row.for_person) for row in rows]),
        named=tuple(
            (_said(row.our_label, row.our_unknown) == row.said_label,
             _said(row.label, row.unknown) == row.said_label)
            for row in named
        ),
    )  # fmt: skip


def _said(label: str, unknown: bool) -> str:
    return OTHER if unknown else label  # a person says of an unknown kind that it is another one


def _share(flags: list[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0


def _resident_mb() -> float | None:
    """What this process holds in memory now; None where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6
    except (OSError, ValueError, IndexError):
        return None
