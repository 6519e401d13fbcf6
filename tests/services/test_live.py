"""The hub tells what changed, and no more; scopes and rights decide who may ask."""

import json
from typing import Any

import pytest
from sqlalchemy import update

from auth.permissions import Actor, Role
from data.store import tables as t
from data.store.database import Database
from domain.clock import MINUTE, wall_us
from domain.errors import Forbidden, NotFound
from services.commits import Commits
from services.live import Key, LiveHub, View, key_for
from services.rows.floor import Window
from tests import factories as f
from tests import plant_rows

SUE = Actor("a", "sue", "Sue", frozenset({Role.SUPERVISOR}), ("north",))
TOM = Actor("b", "tom", "Tom", frozenset({Role.OPERATOR}), ("north/assembly/line-3",))
ADA = Actor("c", "ada", "Ada", frozenset({Role.ADMINISTRATOR}), ("north",))


def body(event: bytes | None) -> dict[str, Any]:
    assert event is not None
    line = next(row for row in event.decode().splitlines() if row.startswith("data: "))
    return dict(json.loads(line[6:]))


def draw(view: Any, advice: bool) -> dict[str, Any]:
    return {"name": type(view).__name__, "advice": advice}


@pytest.fixture
def hub(database: Database) -> LiveHub:
    with database.write() as tx:
        f.site(tx, now_us=wall_us())
        f.machine(tx)
        f.machine(tx, f.PRESS, machine_type="press")
        for unit in (f.CNC, f.PRESS):
            f.readings(tx, unit, "temperature", [(f.NOW, 50.0)])
    return LiveHub(database, draw)


def warm(database: Database, unit: str, value: float) -> None:
    m = t.metrics.c
    with database.write() as tx:
        ids = [row.metric_id for row in tx.execute(t.metrics.select().where(m.equipment_id == unit))]
        tx.execute(
            update(t.latest)
            .where(t.latest.c.metric_id.in_(ids))
            .values(value=value, source_us=f.NOW + MINUTE)
        )


MACHINE = Key(View.MACHINE, f.CNC, Window.SHIFT, True)
OVERVIEW = Key(View.OVERVIEW, "north", Window.SHIFT, True)


def test_a_commit_tells_only_what_it_changed(hub: LiveHub, database: Database) -> None:
    topic = hub.watch(MACHINE)
    first = body(hub.build(topic, f.NOW, 1))
    assert first["s"]["live:temperature"] == [50.0, f.NOW, 192]
    assert first["s"]["name"] == "MachineView"
    assert hub.committed(2) == []
    warm(database, f.CNC, 61.5)
    ((told, event),) = hub.committed(3)
    assert told is topic
    assert body(event) == {
        "v": 2,
        "t": 3,
        "s": {
            "live:temperature": [61.5, f.NOW + MINUTE, 192],
            "state": {"at": f.NOW + MINUTE, "state": None, "mode": None, "since": None, "good": None},
        },
    }
    assert body(topic.full(4))["s"]["live:temperature"][0] == 61.5


def test_another_machine_is_none_of_this_topics_business(hub: LiveHub, database: Database) -> None:
    topic, plant = hub.watch(MACHINE), hub.watch(OVERVIEW)
    hub.build(topic, f.NOW, 1)
    hub.build(plant, f.NOW, 1)
    warm(database, f.PRESS, 70.0)
    assert [told for told, _ in hub.committed(2)] == [plant]


def test_nobody_watches_nothing_is_read(hub: LiveHub, database: Database) -> None:
    topic = hub.watch(MACHINE)
    hub.build(topic, f.NOW, 1)
    hub.unwatch(topic)
    warm(database, f.CNC, 61.5)
    assert hub.committed(2) == []
    hub.tidy()
    assert hub.watch(MACHINE) is not topic


def test_what_cannot_be_read_is_said(hub: LiveHub) -> None:
    topic = hub.watch(Key(View.MACHINE, "north/machining/line-1/gone", Window.SHIFT, True))
    assert "no such machine" in body(hub.build(topic, f.NOW, 1))["s"]["problem"]


def test_a_value_that_is_no_number_is_shown_as_none(hub: LiveHub, database: Database) -> None:
    topic = hub.watch(MACHINE)
    warm(database, f.CNC, float("inf"))
    assert body(hub.build(topic, f.NOW, 1))["s"]["live:temperature"][0] is None


def test_scopes_and_roles_decide() -> None:
    assert key_for(SUE, "overview", "north", "shift").advice
    assert not key_for(ADA, "overview", "north", "week").advice
    assert key_for(TOM, "line", "north/assembly/line-3", "shift")
    for actor, scope in ((TOM, "north"), (TOM, "north/assembly"), (SUE, "south"), (SUE, ""), (SUE, "nort")):
        with pytest.raises(Forbidden):
            key_for(actor, "overview", scope, "shift")
    with pytest.raises(NotFound):
        key_for(SUE, "secrets", "north", "shift")
    with pytest.raises(NotFound):
        key_for(SUE, "overview", "north", "for ever")


def test_commits_of_others_are_noticed(database: Database) -> None:
    commits = Commits(database)
    assert commits.any_new()
    assert not commits.any_new()
    with database.write() as tx:
        f.site(tx)
    assert commits.any_new()
    assert not commits.any_new()
    commits.close()


@pytest.mark.services
def test_commits_and_a_whole_plant_on_postgresql(postgres: Database) -> None:
    commits = Commits(postgres)
    commits.any_new()
    with postgres.write() as tx:
        now = plant_rows.plant(tx)
    assert commits.any_new()
    commits.close()
    build_all(postgres, now, Window.SHIFT)


@pytest.mark.parametrize("window", list(Window))
def test_a_whole_plant_is_built_in_every_window(database: Database, window: Window) -> None:
    with database.write() as tx:
        now = plant_rows.plant(tx)
    build_all(database, now, window)


def build_all(database: Database, now: int, window: Window) -> None:
    hub = LiveHub(database, draw)
    for view, scope in (
        (View.OVERVIEW, "north"),
        (View.LINE, "north/assembly/line-3"),
        (View.MACHINE, f.CNC),
    ):
        topic = hub.watch(Key(view, scope, window, True))
        assert body(hub.build(topic, now, 1))["s"]["problem"] == ""
