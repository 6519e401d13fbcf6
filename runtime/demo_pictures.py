"""Pictures of the demo plant's last two days, through the same intake and model as live ones."""

import numpy as np
from sqlalchemy import select

from auth.permissions import Actor
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY
from models.vision.session import Inspector
from services.actors import load_actor
from services.commands.pictures import PictureCommands
from services.registry.folders import register
from services.vision.intake import receive
from services.vision.judging import judge_due
from simulator.layout import demo
from simulator.pictures.cameras import cameras, seen
from simulator.pictures.render import FOREIGN

COUNT, NAMED = 96, 2  # every second picture that waits for a person is named


def seed(database: Database, inspector: Inspector, now_us: int) -> None:
    """Take in, judge, and let the demo's supervisor name what has waited longest, as it truly is."""
    register(database, inspector)
    watched, draw = cameras(demo()), np.random.default_rng(11)
    truth = {}
    for number in range(COUNT):
        camera = watched[number % len(watched)]
        picture = seen(camera, draw)
        taken_us = now_us - round(2 * DAY * (COUNT - number) / COUNT)
        source = "folder" if camera.by_file else "mqtt"
        found = receive(database, camera.equipment_id, picture.jpeg(), source, "demo history", taken_us)
        truth[found.inspection_id] = "other" if picture.label == FOREIGN else picture.label
    while judge_due(database, inspector, COUNT).total:
        continue
    person = _supervisor(database)
    if person is not None:
        _name(database, person, truth)


def _supervisor(database: Database) -> Actor | None:
    with database.read() as tx:
        query = select(t.accounts.c.account_id).where(t.accounts.c.username == "supervisor")
        found = tx.execute(query).scalar()
        return load_actor(tx, found) if found else None


def _name(database: Database, person: Actor, truth: dict[str, str]) -> None:
    i = t.inspections.c
    query = select(i.inspection_id).where(i.for_person.is_(True)).order_by(i.taken_us)
    with database.read() as tx:
        waiting = tx.execute(query).scalars().all()
    commands = PictureCommands(database)
    for inspection_id in waiting[: -NAMED * 3 : NAMED]:
        if inspection_id in truth:
            commands.name(person, inspection_id, truth[inspection_id])
