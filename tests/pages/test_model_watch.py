import json
from dataclasses import asdict

from auth.permissions import Role
from data.store import model_watch as store
from domain.calibration import Case, calibration
from domain.clock import DAY, HOUR, wall_us
from services.rows.model_watch import DriftRow, Learning, Look, OutputDrift, Tally
from tests import factories as f
from tests.pages.conftest import SITE, html_of

SCREEN = "pages.predict.model_watch:render"


def looked(screens) -> None:
    found = Look(
        model="plant_failure", version="1", made_us=f.NOW, days=14.0,
        inputs=(DriftRow("temperature", "cnc", 10, 4, "CNC-11", 0.9, 0.8, 0.6),),
        output=OutputDrift(0.3, 0.02, 0.05, 400),
        calibration=calibration([Case(0.1, DAY, k < 30, False) for k in range(100)]),
        total=Tally("", 5, 3, 1, 1, 0, 4, 2), machines=(Tally("CNC-11", 5, 3, 1, 1, 0, 4, 2),),
        learning=(Learning(f.CNC, "CNC-11", f.NOW - DAY, f.NOW + 2 * DAY, "new tool"),),
    )  # fmt: skip
    row = {"site_id": "north", "model_name": "plant_failure", "model_version": "1", "made_us": f.NOW}
    with screens.database.write() as tx:
        store.put_look(tx, row | {"made_wall_us": wall_us(), "document": json.dumps(asdict(found))})


def propose(screens) -> None:
    row = {
        "proposal_id": "p1", "site_id": "north", "model_name": "plant_failure", "model_version": "1",
        "open_key": "north|plant_failure", "state": "proposed", "why": '["temperature has moved"]',
        "opened_us": f.NOW, "opened_wall_us": wall_us(),
    }  # fmt: skip
    with screens.database.write() as tx:
        store.propose(tx, row)


def test_before_the_first_look(screens) -> None:
    said = html_of(screens.open(SCREEN))
    assert "Nobody has looked yet" in said and "None yet." in said


def test_no_share_on_few_cases_and_every_drift_with_its_machine(screens) -> None:
    looked(screens)
    said = html_of(screens.open(SCREEN))
    assert "not as stated" in said and "4 of 10" in said and "new tool" in said
    assert "too few: 4 of 20 cases" in said  # alarms that were right
    assert "75%" not in said


def test_a_person_of_another_line_reads_no_names_of_this_one(screens, somebody) -> None:
    looked(screens)
    other = somebody("lena", [Role.SUPERVISOR], ("north/forming",))
    assert "CNC-11" not in html_of(screens.open(SCREEN, other))


def test_a_proposal_is_signed_by_those_who_may(screens, somebody) -> None:
    looked(screens)
    propose(screens)
    inbox = "pages.decide.inbox:render"
    assert "should be trained anew" in html_of(screens.open(inbox, somebody("mia", [Role.PLANT_MANAGER])))
    assert "should be trained anew" not in html_of(screens.open(inbox))
    supervisor = screens.open(SCREEN)
    assert [b.label for b in supervisor.button] == ["Learn its usual values anew"]
    test = screens.open(SCREEN, somebody("max", [Role.PLANT_MANAGER]))
    assert "1 proposal to train a model anew" in html_of(test)
    test.text_input[0].set_value("The plant has changed")
    test.text_input[1].set_value(f.PASSWORD)
    said = html_of(test.button[0].click().run())
    assert "approved; python -m runtime retrain runs it" in said and "The plant has changed" in said


def test_something_new_at_a_machine_makes_it_learn(screens) -> None:
    test = screens.open(SCREEN)
    test.selectbox[2].set_value(1)
    test.text_input[0].set_value("sensor moved")
    test = test.button[0].click().run()
    assert "CNC-11 is learning" in test.success[0].value
    risks = screens.desk_of(screens.supervisor, SITE).queries.predict.risks()
    assert risks.rows[0].learning_why == "new or moved sensor"
    assert risks.rows[0].learning_until_us > f.NOW + 2 * DAY + 22 * HOUR
    assert "less sure than it looks" in html_of(screens.open("pages.predict.risks:render"))
