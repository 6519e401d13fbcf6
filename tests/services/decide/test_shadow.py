import pytest
from sqlalchemy import insert, select

from auth.permissions import Role
from auth.signatures import Credential
from components.shadow import shadow_csv
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, MINUTE, wall_us
from domain.errors import Forbidden, InvalidInput
from services.commands.stopping import StopCommands
from services.context import Context
from services.queries.shadow import ShadowQueries
from services.recommend import Effect, Recommender
from services.rows.site import SiteRow
from services.situation import site_at
from tests.kits.pen import TYPED
from tests.services.decide.plant import CNC_11, MODEL, SITE, Plant


def test_a_model_in_shadow_sends_nothing_and_writes_down_what_it_would_have_said(
    plant: Plant, recommender: Recommender, database: Database
) -> None:
    manager, commands = plant.person(Role.PLANT_MANAGER), StopCommands(database)
    open_before = plant.case(recommender.consider(plant.predict(0.9)).case_id)
    with pytest.raises(InvalidInput):
        commands.set_shadow(manager, SITE, MODEL, on=True, reason=" ", credential=TYPED)
    with pytest.raises(Forbidden):
        commands.set_shadow(
            plant.person(Role.SUPERVISOR), SITE, MODEL, on=True, reason="trial", credential=TYPED
        )
    with pytest.raises(InvalidInput, match="password"):
        commands.set_shadow(manager, SITE, MODEL, on=True, reason="trial")
    with pytest.raises(Forbidden, match="wrong"):
        commands.set_shadow(manager, SITE, MODEL, on=True, reason="trial", credential=Credential("nonsense"))
    commands.set_shadow(manager, SITE, MODEL, on=True, reason="trial", credential=TYPED)
    assert plant.case(open_before["case_id"])["state"] == "withdrawn"
    now = wall_us()
    for k in range(3):
        considered = recommender.consider(plant.predict(0.9, at_us=now + k * 30 * MINUTE))
        assert considered.effect is Effect.NOTHING
    advice = plant.rows(select(t.shadow_advice))
    assert len(advice) == 1 and advice[0]["equipment_id"] == CNC_11
    assert advice[0]["benefit_cents"] > 0 and advice[0]["ended_us"] is None
    assert len(plant.rows(select(t.cases))) == 1 and plant.outbox() == []
    assert {row["state"] for row in plant.rows(select(t.commands))} == {"cancelled"}
    for k in range(3, 6):
        recommender.consider(plant.predict(0.02, at_us=now + k * 30 * MINUTE))
    assert plant.rows(select(t.shadow_advice))[0]["ended_us"] is not None
    commands.set_shadow(manager, SITE, MODEL, on=False, reason="proved", credential=TYPED)
    assert recommender.consider(plant.predict(0.9, at_us=now + 4 * HOUR)).effect is Effect.OPENED


def test_the_screen_compares_with_what_people_did_and_what_came(
    plant: Plant, recommender: Recommender, database: Database
) -> None:
    manager = plant.person(Role.PLANT_MANAGER)
    StopCommands(database).set_shadow(manager, SITE, MODEL, on=True, reason="trial", credential=TYPED)
    at = wall_us() - 30 * HOUR
    recommender.consider(plant.predict(0.9, at_us=at))
    row = {
        "instance": "line-1", "maintenance_id": "m", "equipment_id": CNC_11, "kind": "corrective",
        "status": "done", "planned_us": at, "start_us": at + 5 * HOUR, "end_us": at + 8 * HOUR,
        "updated_us": 0,
    }  # fmt: skip
    with database.write() as tx:
        tx.execute(insert(t.maintenance).values(**row))
        clock = site_at(tx, SITE).clock
    site = SiteRow(SITE, "Plant North", "Europe/Berlin", "EUR")
    view = ShadowQueries(Context(database, manager, site, clock)).view()
    assert [name for name, since in view.models if since] == [MODEL]
    shown = view.rows[0]
    assert (shown.failed_us, shown.worked, shown.over) == (at + 5 * HOUR, "corrective", True)
    assert "failed, 5 h later" in shadow_csv(view.rows, site).decode("utf-8-sig")
