"""Process settings on the screen, and validated limits entered there."""

from auth.permissions import Role
from tests.pages.conftest import html_of
from tests.services.process.kit import FORCE, SPEED, press, ran

SCREEN = "pages.quality.process:render"


def fill(test, low, high, proof="T-17", why="trial in May"):
    pick = next(s for s in test.selectbox if s.label == "Setting")
    pick.set_value(next(o for o in pick.options if o.startswith("Blank holder force")))
    next(n for n in test.number_input if n.label == "Lower limit").set_value(low)
    next(n for n in test.number_input if n.label == "Upper limit").set_value(high)
    next(i for i in test.text_input if i.label.startswith("Validated by")).set_value(proof)
    next(i for i in test.text_input if i.label.startswith("Why (kept")).set_value(why)
    next(b for b in test.button if b.label == "Enter the limits").click().run()
    return test


def test_a_supervisor_enters_limits_and_takes_them_back(screens):
    assert "No settings of processes are known" in html_of(screens.open(SCREEN))
    with screens.database.write() as tx:
        ran(tx, press(tx), 1, {FORCE: 438.0, SPEED: 281.0}, set_point=420.0)
    html = html_of(screens.open(SCREEN))
    assert "2 settings of the last 30 days" in html and "2 have no validated limits" in html
    assert "438 kN" in html and "420 kN" in html and "281 mm/s" in html
    test = fill(screens.open(SCREEN), 440.0, 430.0)
    assert [e.value for e in test.error] == ["The lower limit lies below the upper one."]
    html = html_of(fill(test, 400.0, 430.0))
    assert "400 to 430 kN" in html and "T-17; the whole line" in html and "ran outside" in html
    assert "entered limits of a setting" in html and "trial in May" in html
    test = screens.open(SCREEN)
    pick = next(s for s in test.selectbox if s.label == "Limits")
    pick.set_value(pick.options[0])
    next(i for i in test.text_input if i.label.startswith("Why they")).set_value("new dies")
    next(b for b in test.button if b.label == "Take back").click().run()
    assert "new dies" in html_of(test) and "2 have no validated limits" in html_of(test)


def test_others_see_no_form_and_nothing_outside_their_scope(screens, somebody):
    with screens.database.write() as tx:
        ran(tx, press(tx), 1, {FORCE: 438.0})
    test = screens.open(SCREEN, somebody("ann", [Role.OPERATOR]))
    assert "438 kN" in html_of(test) and not list(test.button)
    test = screens.open(SCREEN, somebody("joe", [Role.OPERATOR], ["north/machining"]))
    assert "No settings of processes are known" in html_of(test)
