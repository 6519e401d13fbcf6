from sqlalchemy import insert, select, update

from auth.permissions import Role
from components.outcomes import value_csv
from data.store import tables as t
from services.ledger import book_due
from tests import factories as f
from tests.pages.conftest import SITE, html_of

SCREEN, VALUE = "pages.decide.findings:render", "pages.decide.value:render"
DECIDED = {"state": "done", "decided_by": "x", "decided_us": f.NOW, "open_key": None, "closed_us": f.NOW}


def worked(screens) -> str:
    with screens.database.write() as tx:
        tx.execute(
            insert(t.parts_of_machines).values(
                machine_type="cnc",
                cause="bearing",
                part_id="P",
                task="Replace",
                skill="s",
                duration_s=1,
                inspect_s=1,
            )
        )
        case_id = f.case(tx, **DECIDED)
        tx.execute(update(t.commands).values(state="done"))
    return case_id


def test_two_taps_record_what_was_found(screens, somebody) -> None:
    case_id = worked(screens)
    test = screens.open(SCREEN, somebody("tina", [Role.TECHNICIAN]))
    assert "1 finding wanted" in html_of(test)
    test = press(test, "Clearly worn")
    test = press(test, "Worn bearing")
    assert "No finding is missing" in html_of(test) and "clearly worn (worn bearing)" in html_of(test)
    with screens.database.read() as tx:
        row = tx.execute(select(t.outcomes.c.finding, t.outcomes.c.cause, t.outcomes.c.case_id)).one()
    assert tuple(row) == ("degraded", "bearing", case_id)


def test_nothing_found_asks_whether_the_sensor_was_wrong(screens, somebody) -> None:
    worked(screens)
    test = press(screens.open(SCREEN, somebody("tina", [Role.TECHNICIAN])), "Nothing found")
    test = press(test, "The sensor was wrong")
    with screens.database.read() as tx:
        assert tuple(tx.execute(select(t.outcomes.c.finding, t.outcomes.c.cause)).one()) == (
            "nothing_found",
            "sensor",
        )


def test_finance_settles_and_others_only_look(screens, somebody) -> None:
    worked(screens)
    test = screens.open(SCREEN, somebody("tina", [Role.TECHNICIAN]))
    press(press(test, "Badly worn"), "Worn bearing")
    book_due(screens.database)
    assert [b.label for b in screens.open(VALUE).button] == []
    finance = somebody("fay", [Role.CONTROLLER])
    test = screens.open(VALUE, finance)
    test = test.button[0].click().run()
    assert "confirmed by Fay" in html_of(test)
    ledger = screens.desk_of(finance, SITE).queries.outcomes.ledger()
    assert "confirmed" in value_csv(ledger, SITE).decode()


def press(test, label):
    assert not test.exception, test.exception
    return next(b for b in test.button if b.label == label).click().run()
