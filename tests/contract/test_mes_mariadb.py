"""A MES on MariaDB: its types, what is committed while we read, connections that the server ends."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from data.sources import mapping
from data.sources.mes import PAGE, ForeignDatabase, Page, Watermark
from data.store import tables as t
from data.store.upsert import insert_ignore
from domain.clock import micros
from domain.errors import Malformed, Unavailable
from runtime.settings import Settings
from runtime.workers import mes_polls
from tests.contract.test_mes_wake import orders, soon, state
from tests.data.sources import tryton
from tests.data.sources.test_mes_tryton import order
from tests.services.score.plant import add_site

pytestmark = pytest.mark.services
PATIENCE_S = 60.0
SECRET = "hunter2"


def stops(times: str = "timestamps", zone: str = "UTC", **columns: Any) -> mapping.Mapping:
    """A mapping of stops with the changed columns."""
    ours = {
        "downtime_id": "no", "equipment_id": {"column": "machine", "is": "equipment"},
        "start_us": {"column": "began", "is": "time"}, "end_us": {"column": "ended", "is": "time"},
        "planned": {"column": "planned", "is": "flag"}, "reason": "reason",
        "fixed_us": {"column": "began", "is": "time"},
    } | columns  # fmt: skip
    entity = {"table": "stops", "key": "no", "updated": "changed", "columns": ours}
    return mapping.Mapping.model_validate(
        {"times": times, "zone": zone, "overlap_s": 10, "entities": {"downtimes": entity}}
    )


@pytest.fixture
def mes(mariadb_url: str) -> Iterator[Engine]:
    engine = create_engine(mariadb_url)
    with engine.begin() as tx:
        tx.execute(
            text(
                "CREATE TABLE stops (no BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, machine VARCHAR(40),"
                " began DATETIME(6), ended TIMESTAMP(3) NULL, planned TINYINT(1) DEFAULT 0,"
                " sure BIT(1) DEFAULT b'1', weight DECIMAL(9,3) DEFAULT 0, reason TEXT,"
                " changed DATETIME(6) NOT NULL)"
            )
        )
    yield engine
    engine.dispose()


def stop(engine: Engine, changed: str, **more: Any) -> None:
    row = {"machine": "M1", "began": "2026-03-02 07:30:00.000001", "ended": None, "planned": 0, "sure": 1,
           "weight": 0, "reason": "jam"} | more  # fmt: skip
    names = ", ".join(row)
    with engine.begin() as tx:
        # the session of a MES may be in any zone
        tx.execute(text("SET time_zone = '+05:00'"))
        tx.execute(
            text(
                f"INSERT INTO stops ({names}, changed) VALUES ({', '.join(f':{n}' for n in row)}, :changed)"
            ),
            row | {"changed": changed},
        )


def read(source: ForeignDatabase, since: Watermark = Watermark()) -> tuple[list[dict[str, Any]], Watermark]:  # noqa: B008
    found: list[dict[str, Any]] = []
    pages: list[Page] = list(source.pages("downtimes", since, lambda name: f"north/{name}"))
    for page in pages:
        assert page.bad == []
        found += page.rows
        since = page.watermark
    return found, since


@pytest.fixture
def source(mes: Engine, mariadb_url: str) -> Iterator[ForeignDatabase]:
    found = ForeignDatabase(mariadb_url, stops())
    yield found
    found.close()


def test_its_types_are_read_to_the_microsecond(mes: Engine, source: ForeignDatabase) -> None:
    stop(mes, "2026-03-02 08:00:00.123456", ended="2026-03-02 13:00:00.250", planned=1)
    ((row,), mark) = read(source)
    assert row == {
        "downtime_id": "1",
        "equipment_id": "north/M1",
        "start_us": micros(datetime(2026, 3, 2, 7, 30, 0, 1, UTC)),
        "end_us": micros(datetime(2026, 3, 2, 8, 0, 0, 250_000, UTC)),  # a TIMESTAMP is a moment, in any zone
        "planned": True,
        "reason": "jam",
        "fixed_us": micros(datetime(2026, 3, 2, 7, 30, 0, 1, UTC)),
        "updated_us": micros(datetime(2026, 3, 2, 8, 0, 0, 123_456, UTC)),
    }
    assert mark == Watermark(row["updated_us"], "1")


def test_bits_and_decimals(mes: Engine, mariadb_url: str) -> None:
    source = ForeignDatabase(
        mariadb_url,
        stops(planned={"column": "sure", "is": "flag"}, reason={"column": "weight", "is": "text"}),
    )
    stop(mes, "2026-03-02 08:00:00", sure=0, weight="12.500")
    stop(mes, "2026-03-02 08:00:00", sure=1)
    rows, _ = read(source)
    assert [(row["planned"], row["reason"]) for row in rows] == [(False, "12.500"), (True, "0.000")]
    source.close()


def test_local_times_are_of_the_zone_of_the_mapping(mes: Engine, mariadb_url: str) -> None:
    source = ForeignDatabase(mariadb_url, stops("local_timestamps", "Europe/Berlin"))
    stop(mes, "2026-07-02 08:00:00")
    ((row,), _) = read(source)
    assert row["updated_us"] == micros(datetime(2026, 7, 2, 6, tzinfo=UTC))
    source.close()


def test_what_is_committed_late_is_read_by_a_reader_that_stays(mes: Engine, source: ForeignDatabase) -> None:
    """A snapshot that lasted (REPEATABLE READ) would never see it."""
    stop(mes, "2026-03-02 08:00:00")
    _, mark = read(source)
    with mes.connect() as late:
        late.execute(
            text(
                "INSERT INTO stops (machine, began, reason, changed)"
                " VALUES ('M2', '2026-03-02 07:00:00', '', '2026-03-02 07:59:55')"
            )
        )
        assert read(source, mark)[0] == []
        late.commit()
    rows, again = read(source, mark)
    assert [row["equipment_id"] for row in rows] == ["north/M2"]
    assert again == mark
    assert read(source, mark)[0] == []


def test_more_rows_of_one_moment_than_a_page_holds(mes: Engine, source: ForeignDatabase) -> None:
    count = 2 * PAGE + 7
    with mes.begin() as tx:
        tx.execute(
            text(
                "INSERT INTO stops (machine, began, reason, changed) SELECT 'M1', '2026-03-02 07:00:00', '',"
                f" '2026-03-02 08:00:00.000001' FROM seq_1_to_{count}"
            )
        )
    rows, mark = read(source)
    assert len({row["downtime_id"] for row in rows}) == len(rows) == count
    assert read(source, mark)[0] == []


def test_a_connection_that_the_server_ends_is_made_anew(mes: Engine, source: ForeignDatabase) -> None:
    stop(mes, "2026-03-02 08:00:00")
    _, mark = read(source)
    with mes.connect() as admin:
        mine = admin.execute(text("SELECT CONNECTION_ID()")).scalar()
        here = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> :mine"
        ids = list(admin.execute(text(here), {"mine": mine}).scalars())
        assert ids
        for one in ids:
            admin.execute(text(f"KILL {one}"))
    stop(mes, "2026-03-02 08:00:01", machine="M2")
    assert [row["equipment_id"] for row in read(source, mark)[0]] == ["north/M2"]


def test_a_renamed_column_is_said_and_reading_resumes(mes: Engine, source: ForeignDatabase) -> None:
    stop(mes, "2026-03-02 08:00:00")
    with mes.begin() as tx:
        tx.execute(text("ALTER TABLE stops RENAME COLUMN reason TO why"))
    with pytest.raises(Malformed, match=r"Unknown column '(stops\.)?reason'"):
        read(source)
    with mes.begin() as tx:
        tx.execute(text("RENAME TABLE stops TO halts"))
    with pytest.raises(Malformed, match="stops' doesn't exist"):
        source.check()
    with mes.begin() as tx:
        tx.execute(text("RENAME TABLE halts TO stops"))
        tx.execute(text("ALTER TABLE stops RENAME COLUMN why TO reason"))
    source.check()
    assert len(read(source)[0]) == 1


def test_an_account_that_is_refused_is_said_without_its_password(mes: Engine, mariadb_url: str) -> None:
    wrong = make_url(mariadb_url).set(username="nobody", password=SECRET)
    source = ForeignDatabase(wrong.render_as_string(hide_password=False), stops())
    with pytest.raises(Unavailable, match="Access denied") as caught:
        source.check()
    assert SECRET not in str(caught.value)
    source.close()


@pytest.fixture
def polls(database, mariadb_url) -> Iterator[tuple[Any, Engine]]:
    engine = create_engine(mariadb_url)
    tryton.metadata.create_all(engine)
    add_site(database, [11])
    alias = {"source": "mes:tryton", "external_id": "31", "equipment_id": "north"}
    with database.write() as tx:
        insert_ignore(tx, t.equipment_aliases, [alias])
    settings = Settings(
        database_url=str(database.engine.url),
        mes_urls={"tryton": mariadb_url},
        mes_mappings={"tryton": "tryton"},
    )
    ended = threading.Event()
    thread = threading.Thread(target=mes_polls.run, args=(settings, mes_polls.open_all(settings), ended, 0.2))
    thread.start()
    yield database, engine
    ended.set()
    thread.join(PATIENCE_S)
    engine.dispose()
    assert not thread.is_alive()


def test_the_worker_reads_it_as_any_other(polls) -> None:
    database, engine = polls
    soon(lambda: state(database) == "ok")
    for number in (1, 2):
        with engine.begin() as tx:
            tx.execute(tryton.production.insert(), [order(number)])
        soon(lambda: f"PR-{number}" in orders(database))  # noqa: B023
    assert orders(database) == {"PR-1", "PR-2"}
