"""The web app in a real browser: who is not signed in sees the sign-in and nothing else, on every screen."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select, update

from auth.sessions import SESSION_COOKIE
from data.store import tables as t
from data.store.database import Database
from pages.registry import PAGES
from runtime import ports
from services.accounts import Accounts
from tests import factories as f
from tests import plant_rows
from tests.e2e.conftest import PATIENCE_MS

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
MARK = "MARK-7F3A"
START_S = 240.0
QUERY = {"line": "?id=north/assembly/line-3", "machine": f"?id={f.CNC}", "case": "?case=2211"}


@dataclass(frozen=True)
class Web:
    """A running web app over a seeded plant in which every name carries the mark."""

    url: str
    database: Database

    @property
    def accounts(self) -> Accounts:
        return Accounts(self.database, 12)

    def sign_in(self, page: Page, username: str) -> str:
        """Without the form: a session cookie, as the form would set it."""
        token = self.accounts.open_session(username).token
        page.context.add_cookies(
            [{"name": SESSION_COOKIE, "value": token, "url": self.url, "httpOnly": True}]
        )
        return token


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    var = tmp_path_factory.mktemp("web")
    database = Database(f"sqlite:///{var / 'taktwise.db'}")
    database.create_all()
    with database.write() as tx:
        plant_rows.plant(tx)
        tx.execute(update(t.equipment).values(name=MARK + " " + t.equipment.c.name))
        tx.execute(update(t.accounts).values(name=MARK + " " + t.accounts.c.name))
        tx.execute(update(t.cases).values(title=MARK))
        roles = "supervisor,administrator,technician"
        tx.execute(update(t.accounts).where(t.accounts.c.username == "admin").values(roles=roles))
    port = next(p for p in range(8_900, 9_100) if ports.is_free(p))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAKTWISE_")}
    settings = {"TAKTWISE_VAR_DIR": str(var), "TAKTWISE_WEB_PORT": str(port)}
    with (var / "web.out").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "runtime", "app"],
            cwd=ROOT,
            env={**kept, **settings},
            stdout=log,
            stderr=log,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait(url + "/_stcore/health", process, var / "web.out")
            yield Web(url, database)
        finally:
            process.terminate()
            process.wait(60)
            database.close()


def wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the web app did not start: " + log.read_text())


def frames_of(page: Page) -> list[bytes]:
    """Everything that comes over a WebSocket from now on."""
    heard: list[bytes] = []

    def note(payload: object) -> None:
        heard.append(payload if isinstance(payload, bytes) else str(payload).encode())

    page.on("websocket", lambda ws: ws.on("framereceived", note))
    return heard


@pytest.mark.parametrize("screen", [p.url_path for p in PAGES])
def test_a_cold_deep_link_shows_the_sign_in_and_nothing_else(web: Web, page: Page, screen: str) -> None:
    heard = frames_of(page)
    page.goto(f"{web.url}/{screen}{QUERY.get(screen, '')}")
    expect(page.get_by_label("User name")).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_timeout(500)
    assert MARK not in page.content()
    assert heard
    assert not any(MARK.encode() in frame for frame in heard)
    assert page.locator(".tw-top nav").count() == 0


@pytest.mark.parametrize("screen", [p.url_path for p in PAGES])
def test_signed_in_every_screen_opens(web: Web, page: Page, screen: str) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    web.sign_in(page, "admin")
    query = QUERY.get(screen, "")
    if screen == "explanation":
        with web.database.read() as tx:
            query = "?prediction=" + str(tx.execute(t.predictions.select()).first()[0])  # type: ignore[index]
    page.goto(f"{web.url}/{screen}{query}")
    expect(page.locator(".tw-top nav").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[data-testid=stMain]")).to_contain_text(MARK)
    page.wait_for_timeout(500)
    assert page.get_by_text("could not be drawn").count() == 0
    assert page.get_by_text("may not do this").count() == 0
    assert page.get_by_label("User name").count() == 0 or screen in ("users", "account")
    assert problems == []


def test_the_form_signs_in_and_the_deep_link_survives(web: Web, page: Page) -> None:
    page.goto(f"{web.url}/machine?id={f.CNC}")
    page.get_by_label("User name").fill("supervisor")
    page.get_by_role("textbox", name="Password").fill(f.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="CNC-11")).to_be_visible(timeout=PATIENCE_MS)
    assert page.url.endswith(f"/machine?id={f.CNC}")
    cookie = next(c for c in page.context.cookies() if c["name"] == SESSION_COOKIE)
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert SESSION_COOKIE not in page.evaluate("document.cookie")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("User name")).to_be_visible(timeout=PATIENCE_MS)
    page.goto(f"{web.url}/machine?id={f.CNC}")
    expect(page.get_by_label("User name")).to_be_visible(timeout=PATIENCE_MS)


def refused(web: Web) -> int:
    with web.database.read() as tx:
        query = select(func.count()).select_from(t.sign_in_attempts)
        return int(tx.execute(query.where(t.sign_in_attempts.c.accepted.is_(False))).scalar_one())


def wait_until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_MS / 1_000
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_wrong_password_and_an_unknown_name_read_the_same(web: Web, page: Page) -> None:
    page.goto(web.url)
    for name in ("supervisor", "nobody"):
        before = refused(web)
        page.get_by_label("User name").fill(name)
        page.get_by_role("textbox", name="Password").fill("wrong horse battery")
        page.get_by_role("button", name="Sign in").click()
        wait_until(lambda before=before: refused(web) == before + 1)
        expect(page.get_by_text("User name or password is wrong")).to_be_visible(timeout=PATIENCE_MS)
        page.wait_for_timeout(1_000)  # the form's own late runs do not take the answer away
        expect(page.get_by_text("User name or password is wrong")).to_have_count(1)
    assert MARK not in page.content()


def test_a_revoked_session_loses_its_open_screen(web: Web, page: Page) -> None:
    token = web.sign_in(page, "supervisor")
    page.goto(web.url)
    expect(page.locator(".tw-line").first).to_be_visible(timeout=PATIENCE_MS)
    web.accounts.sign_out(token)
    expect(page.get_by_label("User name")).to_be_visible(timeout=PATIENCE_MS)
    assert MARK not in page.content()


def test_an_operator_sees_the_own_line_and_no_other(web: Web, page: Page) -> None:
    web.sign_in(page, "operator")
    page.goto(web.url)
    expect(page.locator(".tw-line")).to_have_count(1, timeout=PATIENCE_MS)
    expect(page.locator(".tw-line")).to_contain_text("Line 3")
    page.goto(f"{web.url}/machine?id={f.CNC}")
    expect(page.get_by_text("no such machine within your area")).to_be_visible(timeout=PATIENCE_MS)
    page.goto(f"{web.url}/users")
    expect(page.get_by_text("may not do this")).to_be_visible(timeout=PATIENCE_MS)


def test_values_move_without_a_reload_and_a_link_changes_the_screen(web: Web, page: Page) -> None:
    web.sign_in(page, "supervisor")
    page.goto(f"{web.url}/machine?id={f.CNC}")
    tile = page.locator(".tw-sensor").filter(has_text="Temperature").locator("b")
    expect(tile).to_be_visible(timeout=PATIENCE_MS)
    m = t.metrics.c
    with web.database.write() as tx:
        query = t.metrics.select().where(m.equipment_id == f.CNC, m.name == "temperature")
        metric_id = tx.execute(query).one().metric_id
        values = {"value": 87.65, "source_us": t.latest.c.source_us + 1_000_000}
        tx.execute(update(t.latest).where(t.latest.c.metric_id == metric_id).values(**values))
    expect(tile).to_have_text("87.7", timeout=PATIENCE_MS)
    page.get_by_role("link", name="Line 1 Machining").click()
    expect(page.locator(".tw-machines")).to_be_visible(timeout=PATIENCE_MS)
    assert "/line?id=north" in page.url


def test_the_links_of_the_floor_open_what_they_name(web: Web, page: Page) -> None:
    web.sign_in(page, "admin")
    page.goto(web.url)
    page.locator(".tw-dec").get_by_role("link", name="Open").first.click()
    expect(page.get_by_text("case 2211")).to_be_visible(timeout=PATIENCE_MS)
    with web.database.read() as tx:
        scored = tx.execute(t.predictions.select()).first()
    assert scored is not None
    page.goto(f"{web.url}/machine?id={scored.equipment_id}")
    page.get_by_role("link", name="Why").click()
    expect(page.get_by_text("A failure within")).to_be_visible(timeout=PATIENCE_MS)


def test_what_is_typed_survives_the_live_parts_and_a_change_by_somebody_else(web: Web, page: Page) -> None:
    web.sign_in(page, "admin")
    page.goto(f"{web.url}/case?case=2211")
    page.get_by_role("button", name="Comment", exact=True).click()
    field = page.get_by_label("Comment, for everybody who sees this case")
    field.press_sequentially("The seal was wet at noon")
    page.wait_for_timeout(5_000)  # the live parts have drawn themselves twice
    assert field.input_value() == "The seal was wet at noon"
    expect(field).to_be_focused()
    with web.database.write() as tx:
        tx.execute(update(t.cases).where(t.cases.c.number == 2211).values(version=t.cases.c.version + 1))
    expect(page.get_by_text("The case has changed since you opened it")).to_be_visible(timeout=PATIENCE_MS)
    assert field.input_value() == "The seal was wet at noon"


def focused(page: Page) -> list[str]:
    """Text, style of the outline and tag of what has the focus."""
    return list(
        page.evaluate(
            """() => { const e = document.activeElement;
            return [e.textContent.trim(), getComputedStyle(e).outlineStyle, e.tagName]; }"""
        )
    )


def test_the_keyboard_reaches_the_bar_and_shows_where_it_is(web: Web, page: Page) -> None:
    web.sign_in(page, "supervisor")
    page.goto(f"{web.url}/inbox")
    expect(page.get_by_role("button", name="Raise a case")).to_be_visible(timeout=PATIENCE_MS)
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(focused(page))
        if reached[-1][1] == "none":  # a live part may have been drawn in that instant
            page.wait_for_timeout(500)
            reached[-1] = focused(page)
    seen = [text for text, _, _ in reached]
    for word in ("Taktwise", "Floor", "Predict", "Sign out"):
        assert word in seen
    assert seen.index("Floor") < seen.index("Predict")
    assert [one for one in reached if one[2] in ("A", "BUTTON") and one[1] == "none"] == []


def test_html_in_a_name_stays_text(web: Web, page: Page) -> None:
    evil = '<img src=x onerror="window.pwned=1">'
    with web.database.write() as tx:
        c = t.equipment.c
        old = tx.execute(t.equipment.select().where(c.equipment_id == f.PRESS)).one().name
        tx.execute(update(t.equipment).where(c.equipment_id == f.PRESS).values(name=evil))
    web.sign_in(page, "supervisor")
    for path in (f"/machine?id={f.PRESS}", "/line?id=north/forming/line-2", "/", "/risks"):
        page.goto(web.url + path)
        expect(page.locator(".tw-top nav").first).to_be_visible(timeout=PATIENCE_MS)
        page.wait_for_timeout(1_200)
        assert page.evaluate("window.pwned") is None
        assert page.locator("img[onerror]").count() == 0
    with web.database.write() as tx:
        tx.execute(update(t.equipment).where(t.equipment.c.equipment_id == f.PRESS).values(name=old))


def stream(web: Web, token: str, **query: str) -> tuple[int, str]:
    """The answer of the live stream: its status, and its first kilobytes."""
    address = f"{web.url}/live/stream?" + "&".join(f"{k}={v}" for k, v in query.items())
    request = urllib.request.Request(address, headers={"Cookie": f"{SESSION_COOKIE}={token}"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert "content-encoding" not in answer.headers
            text = ""
            while "\n\n" not in text.partition("\ndata: ")[2]:
                text += answer.read1(65_536).decode()
            return answer.status, text
    except HTTPError as error:
        return error.code, ""


def test_the_stream_wants_a_session_and_a_scope(web: Web) -> None:
    operator = web.accounts.open_session("operator").token
    mine = {"view": "line", "scope": "north/assembly/line-3"}
    status, text = stream(web, operator, **mine)
    assert status == 200
    full = json.loads(text.split("data: ", 1)[1].split("\n\n", 1)[0])
    assert MARK in full["s"]["card"]["name"]
    assert stream(web, operator, view="overview", scope="north")[0] == 403
    assert stream(web, operator, view="machine", scope=f.CNC)[0] == 403
    assert stream(web, "invented", **mine)[0] == 401
    assert stream(web, "", **mine)[0] == 401
