"""The way of a picture on the other database."""

from pathlib import Path

import pytest

from auth.permissions import Role
from data.store import inspections as store
from data.store import tables as t
from models.vision.session import Inspector
from services.commands.pictures import PictureCommands
from services.registry.folders import register
from services.vision import judging
from services.vision.intake import receive
from services.vision.judging import judge_due
from simulator.pictures.render import render
from tests import factories as f

pytestmark = pytest.mark.services
MODEL = Path(__file__).resolve().parents[3] / "models" / "artifacts" / "plant_vision"


def test_from_arrival_to_what_a_person_says(postgres) -> None:
    with postgres.write() as tx:
        f.site(tx)
        f.machine(tx)
        ada = f.account(tx, "ada", [Role.OPERATOR])
        tx.execute(t.sites.update().values(virtual=True))
    inspector = Inspector(MODEL)
    assert register(postgres, inspector)
    data = [render("Clip", "dent", seed).jpeg() for seed in (1, 2)]
    kept, gone = (receive(postgres, f.CNC, one, "mqtt", "a topic") for one in data)
    assert not receive(postgres, f.CNC, data[0], "http", "camera").new
    assert judge_due(postgres, inspector).judged == 2
    PictureCommands(postgres).name(ada, kept.inspection_id, "dent")
    with postgres.write() as tx:
        assert [row[2] for row in store.said(tx, [])] == ["dent"]
        assert judging.forget_old(tx, "north", f.NOW + 10**12) == 1
        assert set(store.pictures(tx, [kept.sha256, gone.sha256])) == {kept.sha256}
