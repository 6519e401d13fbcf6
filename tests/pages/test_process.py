"""Process settings on the screen, and validated limits entered there."""

from auth.permissions import Role
from data.store import tables as t
from domain.clock import HOUR
from tests import factories as f
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
    assert "Enter validated limits from a file" in [one.label for one in screens.open(SCREEN).expander]
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
    assert "438 kN" in html_of(test) and not list(test.button) and not list(test.expander)
    test = screens.open(SCREEN, somebody("joe", [Role.OPERATOR], ["north/machining"]))
    assert "No settings of processes are known" in html_of(test)


def test_the_screen_shows_which_setting_to_move_and_what_to_expect(screens):
    assert "No model of scrap has been trained" in html_of(screens.open(SCREEN))
    with screens.database.write() as tx:
        unit = press(tx)
        ran(tx, unit, 1, {FORCE: 420.0, SPEED: 281.0}, set_point=420.0)
        for place in (unit, press(tx, 22)):
            registered_advice(tx, place, said=place == unit)
    html = html_of(screens.open(SCREEN))
    assert "No setting is advised now" in html and "limits have changed" in html  # none are validated yet
    html = html_of(fill(screens.open(SCREEN), 400.0, 445.0))
    assert "438 kN" in html and "2.3 % to 1.1 %" in html and "\u22121.20 points" in html
    assert "90 %: \u22121.50 to \u22120.80" in html and "180 operations taught" in html
    assert "Nothing is advised on the others: 1 (no validated limits)" in html
    assert "is a case in the inbox" in html


def registered_advice(tx, unit, *, said):
    """A champion, and its word on a press."""
    if said:
        tx.execute(
            t.model_versions.insert().values(
                name="process_quality", version="7", capability="quality", path="", sha256="",
                feature_version="", stage="champion", card="{}", registered_wall_us=1,
                check_asked_wall_us=None,
            )
        )  # fmt: skip
    figures = {"from_value": 420.0, "to_value": 438.0, "share": 0.023, "change": -0.012, "change_low": -0.015,
               "change_high": -0.008, "parameter": FORCE, "why_not": "", "unit": "kN"}  # fmt: skip
    if not said:
        figures = {"parameter": "", "why_not": "no validated limits", "unit": ""}
    tx.execute(
        t.process_advice.insert().values(
            equipment_id=unit, product_id="P-201", model_name="process_quality", model_version="7",
            feature_version="", window_hash="", at_us=f.NOW - HOUR, made_wall_us=1, operations=5, taught=180,
            came=0.021, **figures,
        )
    )  # fmt: skip
