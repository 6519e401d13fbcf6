"""The connection drops in the middle of a typed reason, and nothing is lost."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import update

from data.store import tables as t
from data.store.database import Database
from domain.cases import CaseState
from tests.e2e.conftest import PATIENCE_MS, RunningDesk, copied, run_desk
from tests.e2e.desk_kit import draft_of, raised, state_of, tab
from tests.e2e.test_story import INTERVAL_S, SLOW, choose, wait_for
from tests.kits.cut import Cable

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.slow]

LABEL = "In your words (needed for Other)"
FIRST, REST = "The belt was changed on Monday", ", and the bearing with it."
SAVED_S = PATIENCE_MS / 1_000  # for half a second of rest and one request
AWAY_MS = 5_000


@pytest.fixture(scope="module")
def desk(prepared: Path, tmp_path_factory: pytest.TempPathFactory):
    """One desk for these stories: each has a case of its own."""
    var = copied(prepared, tmp_path_factory.mktemp("drafts") / "var")
    with run_desk(var, SLOW, INTERVAL_S) as running:
        yield running


@pytest.fixture
def database(desk: RunningDesk):
    opened = Database(desk.database_url)
    yield opened
    opened.close()


@pytest.fixture
def cable(desk: RunningDesk):
    with Cable(int(desk.url.rsplit(":", 1)[1])) as laid:
        yield laid


def begin(page: Page, url: str, number: int) -> Locator:
    """The form under Reject, with words typed into it. The field keeps the focus."""
    page.goto(f"{url}/case?case={number}")
    page.get_by_role("button", name="Reject").click(timeout=PATIENCE_MS)
    field = page.get_by_label(LABEL)
    field.click()
    page.keyboard.type(FIRST, delay=8)
    return field


def kept(database: Database, case_id: str, words: str) -> None:
    def on_the_server() -> bool:
        return draft_of(database, "supervisor", f"reject:{case_id}") == words

    wait_for(on_the_server, SAVED_S)


def test_a_connection_that_drops_in_the_middle_of_a_word_loses_nothing(
    desk: RunningDesk, database: Database, chromium: Browser, cable: Cable
) -> None:
    number, case_id = raised(database)
    url = f"http://127.0.0.1:{cable.port}"
    with tab(chromium, database, url, "supervisor") as page:
        field = begin(page, url, number)
        kept(database, case_id, FIRST)  # although the field was never left
        page.keyboard.type(REST[:8], delay=8)
        cable.cut()
        expect(page.get_by_text("No connection to the desk.")).to_be_visible(timeout=PATIENCE_MS)
        page.keyboard.type(REST[8:], delay=8)
        expect(page.locator(".tw-kept[data-state=waiting]")).to_be_visible(timeout=PATIENCE_MS)
        page.wait_for_timeout(AWAY_MS)
        expect(field).to_have_value(FIRST + REST)
        assert draft_of(database, "supervisor", f"reject:{case_id}") != FIRST + REST
        cable.join()
        expect(page.locator(".tw-kept")).to_have_text("Kept.", timeout=PATIENCE_MS)
        expect(page.get_by_text("No connection to the desk.")).to_have_count(0, timeout=PATIENCE_MS)
        kept(database, case_id, FIRST + REST)
        expect(field).to_have_value(FIRST + REST)

        choose(page, page.get_by_label("Reason", exact=True), "Other")
        page.get_by_label("Your password").fill(desk.password)
        page.get_by_role("button", name="Sign and reject").click()
        expect(page.locator("body")).to_contain_text(f"Other: {FIRST + REST}", timeout=PATIENCE_MS)
    assert state_of(database, case_id) is CaseState.REJECTED
    assert draft_of(database, "supervisor", f"reject:{case_id}") == ""


@pytest.mark.parametrize("time", ("first", "second"))  # a warm desk draws the field before it fills it
def test_words_of_a_tab_that_was_closed_without_a_connection_come_back(
    time: str, database: Database, chromium: Browser, cable: Cable
) -> None:
    number, case_id = raised(database)
    url = f"http://127.0.0.1:{cable.port}"
    with tab(chromium, database, url, "supervisor") as page:
        begin(page, url, number)
        kept(database, case_id, FIRST)
        cable.cut()
        page.keyboard.type(REST, delay=8)
        address = page.url
        page.close()
        cable.join()
        again = page.context.new_page()
        again.goto(address)
        expect(again.get_by_label(LABEL)).to_have_value(FIRST + REST, timeout=PATIENCE_MS)
        kept(database, case_id, FIRST + REST)
        expect(again.locator(".tw-kept")).to_have_text("Kept.")


def test_a_live_update_erases_nothing_typed(desk: RunningDesk, database: Database, chromium: Browser) -> None:
    number, case_id = raised(database)
    with tab(chromium, database, desk.url, "supervisor") as page:
        field = begin(page, desk.url, number)
        with database.write() as tx:
            mine = t.cases.c.case_id == case_id
            tx.execute(update(t.cases).where(mine).values(version=t.cases.c.version + 1))
        expect(page.get_by_text("The case has changed since you opened it.")).to_be_visible(
            timeout=PATIENCE_MS
        )
        page.keyboard.type(REST, delay=8)
        expect(field).to_have_value(FIRST + REST)
        kept(database, case_id, FIRST + REST)
        with tab(chromium, database, desk.url, "supervisor") as tablet:  # another device of the same person
            tablet.goto(page.url)
            expect(tablet.get_by_label(LABEL)).to_have_value(FIRST + REST, timeout=PATIENCE_MS)
