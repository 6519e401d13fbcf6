"""Connections and users on the screen."""

from auth.permissions import Role
from data.store import signal_quality
from data.store import tables as t
from domain.clock import HOUR, wall_us
from domain.signal_quality import Look
from services.actors import load_actor
from services.signing import Signer
from tests import factories as f
from tests.pages.conftest import html_of

HEALTH, USERS = "pages.admin.health:render", "pages.admin.users:render"


def button(test, label):
    return next(b for b in test.button if b.label == label)


def test_a_desk_without_workers_says_how_to_start_them(screens):
    assert "Nothing has reported yet." in html_of(screens.open(HEALTH))


def test_a_bad_payload_is_shown_as_text(screens):
    with screens.database.write() as tx:
        now = wall_us()
        beat = {"state": "running", "started_wall_us": now, "heartbeat_wall_us": now, "restarts": 0}
        tx.execute(t.workers.insert().values(name="ingest", pid=1, detail="{}", **beat))
        row = {"source": "json", "reason": "not_json", "detail": "<i>", "digest": "d", "size": 8, "times": 2}
        tx.execute(
            t.quarantine.insert().values(
                receive_us=f.NOW, topic="uns/<b>x</b>", payload=b"<script>alert(1)</script>", **row
            )
        )
    html = html_of(screens.open(HEALTH))
    assert "All well." in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html and "uns/&lt;b&gt;" in html
    assert "<script>" not in html and "<i>" not in html


def test_a_new_user_gets_a_password_once_and_appears_in_the_list(screens, somebody):
    ada = somebody("ada", [Role.ADMINISTRATOR])
    test = screens.open(USERS, ada)
    test.text_input[0].set_value("olaf")
    test.text_input[1].set_value("Olaf")
    test.multiselect(key="roles-new").set_value([Role.OPERATOR])
    test.multiselect(key="see-new").set_value(["north/machining/line-1"])
    button(test, "Create").click().run()
    password = test.code[0].value
    assert "olaf" in html_of(test)
    with screens.database.read() as tx:
        account_id = tx.execute(t.accounts.select().where(t.accounts.c.username == "olaf")).mappings().one()
        olaf = load_actor(tx, account_id["account_id"])
    assert (olaf.roles, olaf.scopes) == (frozenset({Role.OPERATOR}), ("north/machining/line-1",))
    assert Signer(screens.database).password_ok(olaf, password)
    assert not screens.open(USERS, ada).code


def test_rights_are_changed_and_a_wrong_input_is_said(screens, somebody):
    ada, tom = somebody("ada", [Role.ADMINISTRATOR]), somebody("tom", [Role.OPERATOR])
    test = screens.open(USERS, ada, user=tom.account_id)
    test.multiselect(key=f"roles-{tom.account_id}").set_value([Role.TECHNICIAN])
    button(test, "Save roles and places").click().run()
    with screens.database.read() as tx:
        assert load_actor(tx, tom.account_id).roles == {Role.TECHNICIAN}
    test.multiselect(key=f"roles-{tom.account_id}").set_value([])
    button(test, "Save roles and places").click().run()
    assert [e.value for e in test.error] == ["choose at least one role"]


def test_a_user_is_deactivated(screens, somebody):
    ada, tom = somebody("ada", [Role.ADMINISTRATOR]), somebody("tom", [Role.OPERATOR])
    test = screens.open(USERS, ada, user=tom.account_id)
    button(test, "Deactivate").click().run()
    assert "not active" in html_of(test)
    button(test, "New password").click().run()
    assert len(test.code) == 1


def test_nobody_else_sees_the_users(screens):
    test = screens.open(USERS)
    assert [i.value[-14:] for i in test.info] == ["(manage users)"]


SOURCES, FLOW = "pages.admin.sources:render", "pages.admin.flow:render"


def heard(screens):
    """A device without a place, an unknown topic, and what the ingest process says of itself."""
    from services.ingest import Ingest
    from services.ingest.flow import Flow
    from tests.kits.edge import T0_MS, EdgeNode, raw

    now, flow = wall_us(), Flow()
    batch = [*EdgeNode(devices=("<b>x",)).births(T0_MS), raw("mill/<i>a", b'{"load": 1}', T0_MS, "json")]
    good = raw("uns/north/machining/line-1/mill/telemetry", b'{"values": {"load": 1}}', T0_MS, "json")
    ingest = Ingest(screens.database)
    flow.took(ingest.take([*batch, good]), [("json", now)], now)
    flow.write(screens.database, now, {"json": 4})
    beat = {"state": "running", "started_wall_us": now, "heartbeat_wall_us": now, "restarts": 0, "pid": 1}
    detail = '{"json": "connected", "sparkplug hall-2": "the broker does not answer", "topics": "flat-json"}'
    with screens.database.write() as tx:
        tx.execute(t.workers.insert().values(name="ingest", detail=detail, **beat))


def test_sources_say_how_to_begin_and_then_what_is_wrong(screens):
    assert "No connection has been reported yet." in html_of(screens.open(SOURCES))
    heard(screens)
    html = html_of(screens.open(SOURCES))
    assert "1 connection broken" in html and "broker hall-2" in html
    assert "not placed yet" in html and "Topic mapping: flat-json" in html
    assert "mill/&lt;i&gt;a" in html and "topics --watch --propose" in html
    assert "<i>a" not in html
    assert "No device fits." in html_of(screens.open(SOURCES, source="sparkplug"))


def test_flow_shows_the_rate_and_reads_again_for_who_may(screens, somebody):
    assert "Nothing came in during the last hour." in html_of(screens.open(FLOW))
    heard(screens)
    html = html_of(screens.open(FLOW))
    assert "messages a second" in html and "JSON topics" in html
    ada, sue = somebody("ada", [Role.ADMINISTRATOR]), somebody("sam", [Role.SUPERVISOR])
    assert not list(screens.open(FLOW, sue, reason="json:topic").button)
    test = screens.open(FLOW, ada, reason="json:topic")
    by_reason, _, messages = html_of(test).partition('aria-label="Quarantine"')
    assert "No entry of the topic mapping fits" in messages and "signs that are not taken" in by_reason
    assert "signs that are not taken" not in messages
    button(test, "Read 1 message again").click().run()
    assert "1 wait for it" in html_of(test)
    assert button(test, "They wait to be read").disabled


def test_data_quality_says_what_is_missing_and_what_looks_wrong(screens):
    look = Look("temperature", 0, f.NOW, 4 * HOUR, 2_880, 12, 0, 3 * HOUR, 0, 0.1, 0.1)
    with screens.database.write() as tx:
        signal_quality.save(tx, f.CNC, [look])
    html = html_of(screens.open("pages.admin.data_quality:render"))
    assert "0 for OEE" in html and "2 signals look wrong" in html
    assert "the same value for 3 h of running" in html
    assert "12 of 2,880 values outside \u221260 to 1,600 \u00b0C" in html
    assert "No planned cycle time" in html and "Enter it in the routing" in html
    nothing = html_of(screens.open("pages.admin.data_quality:render", line="north/none", show="odd"))
    assert "0 for OEE" in nothing
