import json
from dataclasses import asdict

from auth.permissions import Role
from data.store import cases, predictions, registry
from data.store import model_watch as store
from domain.calibration import Case, calibration
from domain.clock import DAY, HOUR, wall_us
from services.rows.model_watch import DriftRow, Learning, Look, OutputDrift, Tally
from services.situation import site_at
from services.watching import retraining
from services.watching.looking import reasons
from services.watching.proposing import open_case
from services.watching.reading import read
from tests import factories as f
from tests.kits.pen import SigningCommands
from tests.pages.conftest import SITE, html_of

SCREEN = "pages.predict.model_watch:render"
CASE = "pages.decide.case:render"
CHALLENGER = {
    "name": "plant_failure", "version": "2", "capability": "failure", "path": "", "sha256": "",
    "feature_version": "plant-1", "stage": "shadow", "card": "{}", "registered_wall_us": 0,
}  # fmt: skip
GATE = {
    "model_name": "plant_failure", "model_version": "2", "gate": "truth", "champion_version": "1",
    "state": "failed", "words": "Brier score of 400 predictions, 9 failures; worse", "ours": 0.2,
    "theirs": 0.1, "checked_wall_us": 0,
}  # fmt: skip


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


def propose(screens) -> int:
    """The case that the stored look opens; its number."""
    with screens.database.write() as tx:
        found = read(store.looks(tx, "north")[0]["document"])
        case_id = open_case(tx, site_at(tx, "north"), found, reasons(found))
        return int(cases.get(tx, case_id)["number"])


def test_before_the_first_look(screens) -> None:
    said = html_of(screens.open(SCREEN))
    assert "Nobody has looked yet" in said and "None yet." in said


def test_no_share_on_few_cases_and_every_drift_with_its_machine(screens) -> None:
    looked(screens)
    said = html_of(screens.open(SCREEN))
    assert "not as stated" in said and "4 of 10" in said and "new tool" in said
    assert "too few: 4 of 20 cases" in said  # alarms that were right
    assert "75 %" not in said


def test_a_person_of_another_line_reads_no_names_of_this_one(screens, somebody) -> None:
    looked(screens)
    other = somebody("lena", [Role.SUPERVISOR], ("north/forming",))
    assert "CNC-11" not in html_of(screens.open(SCREEN, other))


def test_a_proposal_waits_in_the_inbox_of_those_whose_scope_covers_the_site(screens, somebody) -> None:
    looked(screens)
    number = propose(screens)
    manager = somebody("mia", [Role.PLANT_MANAGER], ("north",))
    inbox = html_of(screens.open("pages.decide.inbox:render", manager))
    assert "Train the plant failure model anew" in inbox and "a model is not as it was" in inbox
    other = somebody("lena", [Role.PLANT_MANAGER], ("north/forming",))
    assert "plant failure model" not in html_of(screens.open("pages.decide.inbox:render", other))
    assert [i.value for i in screens.open(CASE, other, case=str(number)).info] == [f"no case {number}"]
    watch = html_of(screens.open(SCREEN, manager))
    assert "1 proposal to train a model anew" in watch and "waits for a decision" in watch
    assert f">case {number}</a>" in watch


def test_the_card_says_what_the_watch_saw_and_what_the_training_uses(screens, somebody) -> None:
    looked(screens)
    number = str(propose(screens))
    manager = somebody("mia", [Role.PLANT_MANAGER], ("north",))
    test = screens.open(CASE, manager, case=number)
    said = html_of(test)
    for words in (
        "What the watch saw", "PSI of the stated chances", "0.3", "Failures in a day, as they came",
        "What the training uses", "100 cases, one a machine and day", "1 machine is learning",
        "This desk", "Nothing is trained; the model stays at work as it is.", "no order goes out",
    ):  # fmt: skip
        assert words in said, words
    labels = [b.label for b in test.button]
    assert "Approve with changes" not in labels and "Record the finding" not in labels
    assert "Act alone (emergency)" not in labels and "Reject" in labels
    supervisor = screens.open(CASE, somebody("max", [Role.SUPERVISOR], ("north",)), case=number)
    assert "Your role lets you see and comment, not decide." in html_of(supervisor)


def test_after_the_training_the_card_follows_the_challenger(screens, somebody) -> None:
    looked(screens)
    number = propose(screens)
    manager = somebody("mia", [Role.PLANT_MANAGER], ("north",))
    with screens.database.read() as tx:
        (case,) = cases.open_for(tx, "north")
    SigningCommands(screens.database).approve(manager, case["case_id"], case["version"], "act-approve")
    waits = html_of(screens.open(CASE, manager, case=str(number)))
    assert (
        "Nobody has run it yet: python -m runtime retrain." in waits and "approved, waits to be run" in waits
    )
    order = retraining.approved(screens.database, "north", "plant_failure", "")
    assert "the training runs" in html_of(screens.open(CASE, manager, case=str(number)))
    with screens.database.write() as tx:
        predictions.register(tx, CHALLENGER)
        registry.put_gates(tx, "plant_failure", "2", [GATE])
    retraining.done(screens.database, order, "2")
    said = html_of(screens.open(CASE, manager, case=str(number)))
    assert "a challenger was made" in said and "Challenger 2" in said
    assert "in the shadow of the champion" in said and "refused by the gate truth" in said


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
