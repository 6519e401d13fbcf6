"""Advice on a setting: from the plant's own operations, inside validated limits, silent where it must be."""

import json

import pytest
from sqlalchemy import select, update

from auth.permissions import Role
from data.store import registry
from data.store import tables as t
from domain.clock import DAY, HOUR, Clock, wall_us
from domain.model_gates import GateState
from models import opening
from models.quality.adviser import Adviser
from runtime.cli import models as cli
from runtime.settings import Settings
from runtime.workers.advice import Advice
from services.commands.process import ProcessCommands
from services.commands.stopping import StopCommands
from services.context import Context
from services.process import advising
from services.process.advising import advise_due
from services.process.gating import scrap_gates
from services.queries.process import NONE_TRAINED, STOPPED, ProcessQueries
from services.registry.folders import register
from services.rows.site import SiteRow
from tests import factories as f
from tests.kits.pen import TYPED
from tests.services.process.advice_kit import BEST, taught
from tests.services.process.case_kit import cases
from tests.services.process.kit import FORCE, LINE, SPEED, press, ran

pytestmark = pytest.mark.train
SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")


@pytest.fixture(scope="module")
def adviser(tmp_path_factory) -> Adviser:
    return taught(tmp_path_factory.mktemp("advice"))


@pytest.fixture
def plant(database, adviser):
    """Five operations of late on two presses, all at about 420 kN, and a supervisor."""
    register(database, adviser)
    with database.write() as tx:
        f.site(tx, speed=1e-6)
        for number in (21, 22):
            unit = press(tx, number)
            for k in range(5):
                values = {FORCE: 418.0 + k, SPEED: 278.0 + k}
                start = f.NOW - (6 - k) * DAY
                ran(tx, unit, 10 * number + k, values, set_point=420.0, good=960, scrap=40, start_us=start)
        return f.account(tx)


def view(database, actor):
    return ProcessQueries(Context(database, actor, SITE, Clock(f.NOW, wall_us()))).advice()


def limit(database, actor, low=405.0, high=445.0, scope=LINE):
    ProcessCommands(database).set_limits(actor, scope, "P-201", FORCE, low, high, "T-17", "trial")


def test_it_names_the_true_setting_its_side_and_what_to_expect_inside_the_limits(
    database, plant, adviser
) -> None:
    limit(database, plant)
    assert advise_due(database, adviser, "north", f.NOW) == 2
    first = view(database, plant).rows[0]
    assert (first.parameter, first.from_value, first.unit) == (FORCE, 420.0, "kN")
    assert abs(first.to_value - BEST) < 8 and first.to_value <= 445
    assert first.change_low <= first.change <= first.change_high < 0
    assert first.share == pytest.approx(0.023, abs=0.006) and first.came == pytest.approx(0.04)
    assert first.share + first.change == pytest.approx(0.010, abs=0.006)
    assert first.operations == 5 and first.taught >= 150
    opened = cases(database)
    assert [row["equipment_id"] for row in opened] == [f"{LINE}/press-21", f"{LINE}/press-22"]
    assert {row["state"] for row in opened} == {"proposed"}
    assert advise_due(database, adviser, "north", f.NOW) == 2 and len(cases(database)) == 2


def test_limits_bound_it_and_without_any_nothing_is_advised(database, plant, adviser) -> None:
    assert advise_due(database, adviser, "north", f.NOW) == 0
    assert {row.why_not for row in view(database, plant).rows} == {advising.UNLIMITED}
    limit(database, plant, high=428.0)
    assert advise_due(database, adviser, "north", f.NOW) == 2
    assert all(row.to_value == pytest.approx(428) for row in view(database, plant).rows)
    limit(database, plant, high=424.0)
    shown = view(database, plant).rows
    assert not any(row.parameter for row in shown) and "limits have changed" in shown[0].why_not
    ProcessCommands(database).take_back(plant, LINE, "P-201", FORCE, "new dies")
    assert advise_due(database, adviser, "north", f.NOW) == 0


def test_a_stopped_model_says_nothing_and_what_it_said_is_not_shown(database, plant, adviser) -> None:
    limit(database, plant)
    assert view(database, plant).rows == ()
    advise_due(database, adviser, "north", f.NOW)
    assert len(view(database, plant).rows) == 2
    with database.write() as tx:
        mia = f.account(tx, "mia", [Role.PLANT_MANAGER])
    assert {row["state"] for row in cases(database)} == {"proposed"}
    StopCommands(database).stop(mia, "north", adviser.card.name, "looks wrong", TYPED)
    assert {row["state"] for row in cases(database)} == {"withdrawn"}
    assert view(database, plant).silent == STOPPED
    with database.write() as tx:
        tx.execute(t.process_advice.delete())
    assert advise_due(database, adviser, "north", f.NOW) == 0
    with database.read() as tx:
        assert tx.execute(select(t.process_advice)).first() is None


def test_what_learned_from_simulated_machines_never_speaks_of_real_ones(database, plant, adviser) -> None:
    limit(database, plant)
    with database.write() as tx:
        tx.execute(update(t.sites).values(virtual=False))
    assert advise_due(database, adviser, "north", f.NOW) == 0
    assert view(database, plant).rows == () and cases(database) == []


def test_a_model_in_shadow_opens_no_case(database, plant, adviser) -> None:
    limit(database, plant)
    with database.write() as tx:
        mia = f.account(tx, "mia", [Role.PLANT_MANAGER])
    StopCommands(database).set_shadow(
        mia, "north", adviser.card.name, on=True, reason="a look", credential=TYPED
    )
    assert advise_due(database, adviser, "north", f.NOW) == 2
    assert cases(database) == []


def test_nothing_is_said_where_the_model_does_not_hold(database, plant, adviser) -> None:
    limit(database, plant)
    with database.write() as tx:
        far = press(tx, 29)
        for k in range(4):
            ran(tx, far, 500 + k, {FORCE: 420.0, SPEED: 280.0}, start_us=f.NOW - 3 * DAY + k * HOUR)
        near = press(tx, 23)
        for k in range(4):
            ran(tx, near, 600 + k, {FORCE: 530.0, SPEED: 280.0}, start_us=f.NOW - 3 * DAY + k * HOUR)
    advise_due(database, adviser, "north", f.NOW)
    said = {row.equipment_name: row for row in view(database, plant).rows}
    assert said["Press 21"].parameter == FORCE
    assert said["Press 29"].why_not == advising.UNKNOWN and said["Press 23"].why_not == advising.UNSURE
    with database.write() as tx:
        tx.execute(t.operations.delete().where(t.operations.c.equipment_id != far))
    advise_due(database, adviser, "north", f.NOW + 60 * DAY)
    assert view(database, plant).rows == ()  # too old


def test_the_worker_takes_the_model_of_the_settings_and_goes_without_one(database, plant, adviser) -> None:
    none = Advice(Settings(), database)
    assert not none.turn() and none.detail() == {}
    limit(database, plant)
    worker = Advice(Settings(process_model=adviser.folder), database)
    assert not worker.turn() and worker.detail() == {"settings advised": 2}
    assert len(view(database, plant).rows) == 2
    assert cli._look_back(database, adviser, 3.0, lambda _share: None) == 0
    wrong = Advice(Settings(process_model=adviser.folder.parent / "nowhere"), database)
    assert not wrong.turn() and "no model in" in wrong.detail()["advice on settings"]


def test_without_a_model_the_screen_says_so(database) -> None:
    with database.write() as tx:
        f.site(tx)
        sue = f.account(tx)
    assert view(database, sue).silent == NONE_TRAINED


def test_a_challenger_has_gates_of_its_own(database, plant, adviser) -> None:
    with database.read() as tx:
        row = dict(registry.champion(tx, adviser.card.name))
    found = scrap_gates(database, row, row, opening.load)
    assert [gate.state for gate in found] == [GateState.PASSED] * 4
    card = json.loads(row["card"])
    card["products"]["P-202"] = card["products"]["P-201"]
    card["test"] |= {"mean_error": 0.5}
    worse = scrap_gates(
        database, {**row, "card": json.dumps(card)}, {**row, "card": json.dumps(card)}, opening.load
    )
    assert worse[3].state is GateState.FAILED
    less = scrap_gates(database, row, {**row, "card": json.dumps(card)}, opening.load)
    assert less[2].state is GateState.FAILED and "P-202" in less[2].words
