from auth.permissions import Role
from components.live_sections import draw
from components.stopping import history_csv
from services.commands.stopping import StopCommands
from services.live import LiveHub, View, key_for
from tests import factories as f
from tests.kits.pen import TYPED
from tests.pages.conftest import SITE, html_of

SCREEN = "pages.predict.stop:render"


def test_the_plan_is_shown_to_everybody_and_the_button_to_those_who_may(screens, somebody) -> None:
    seen = screens.open(SCREEN)
    assert "What happens at a stop" in html_of(seen) and "Supervisor North" in html_of(seen)
    assert [b.label for b in seen.button] == ["Sign and stop the AI", "Sign and start a drill"]
    operator = screens.open(SCREEN, somebody("olga", [Role.OPERATOR]))
    assert "What happens at a stop" in html_of(operator)
    assert [b.label for b in operator.button] == []


def test_a_stop_on_the_screen_and_its_record(screens) -> None:
    with screens.database.write() as tx:
        f.case(tx, number=2211)
    test = screens.open(SCREEN)
    test.text_input[0].set_value("It contradicts the technicians")
    test.text_input[1].set_value(f.PASSWORD)
    test = test.button[0].click().run()
    said = html_of(test)
    assert "All advice is stopped." in said and "It contradicts the technicians" in said
    rows = screens.desk_of(screens.supervisor, SITE).queries.oversight.stop().history
    assert "It contradicts the technicians" in history_csv(rows, SITE).decode()


def test_a_reason_and_the_password_are_needed(screens) -> None:
    test = screens.open(SCREEN)
    test.text_input[0].set_value("odd")
    test = test.button[0].click().run()
    assert "type your password" in test.warning[0].value


def test_the_strip_is_pushed_to_everybody_of_the_site(screens, somebody) -> None:
    hub = LiveHub(screens.database, draw)
    narrow = somebody("lena", [Role.OPERATOR], ("north/machining/line-1",))
    key = key_for(narrow, "status", "north", "shift")
    topic = hub.watch(key)
    assert key.view is View.STATUS
    hub.build(topic, f.NOW, 0)
    assert b'"kind":""' in topic.full(0)
    StopCommands(screens.database).stop(screens.supervisor, "north", "", "odd", TYPED)
    increments = hub.committed(1)
    assert [one for one, _ in increments] == [topic]
    assert b'"kind":"stopped"' in increments[0][1] and b"odd" in increments[0][1]
    assert hub.committed(2) == []
