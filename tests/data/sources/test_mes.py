"""Foreign databases are read read-only, by watermark, nothing left out."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from data.sources import mapping
from data.sources.mes import ForeignDatabase, Watermark
from domain.clock import micros
from domain.errors import Malformed, SettingsError, Unavailable
from tests.data.sources.test_mes_tryton import SERVERS

MAPPING = mapping.Mapping.model_validate(
    {
        "times": "seconds",
        "overlap_s": 10,
        "entities": {
            "products": {
                "table": "items",
                "key": "no",
                "updated": "changed",
                "columns": {"product_id": "no", "name": {"column": "label"}},
            }
        },
    }
)


OPENED: list[ForeignDatabase] = []


def opened(url: str, its: mapping.Mapping) -> ForeignDatabase:
    """A reader that is closed after the test."""
    OPENED.append(ForeignDatabase(url, its))
    return OPENED[-1]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


def made(url: str, times: str) -> Iterator[tuple[Engine, str]]:
    engine = create_engine(url)
    with engine.begin() as tx:
        tx.execute(text(f"CREATE TABLE items (no VARCHAR(40) PRIMARY KEY, label TEXT, changed {times})"))
    yield engine, url
    engine.dispose()


@pytest.fixture
def loose(tmp_path: Path) -> Iterator[tuple[Engine, str]]:
    """SQLite, whose columns hold what they are given."""
    yield from made(f"sqlite:///{tmp_path / 'mes.db'}", "INTEGER")


def on_each(request: pytest.FixtureRequest, tmp_path: Path, **times: str) -> Iterator[tuple[Engine, str]]:
    kind = request.param
    url = f"sqlite:///{tmp_path / 'mes.db'}" if kind == "sqlite" else request.getfixturevalue(f"{kind}_url")
    yield from made(url, times[kind])


@pytest.fixture(params=["sqlite", *SERVERS])
def foreign(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Engine, str]]:
    yield from on_each(request, tmp_path, sqlite="INTEGER", postgres="BIGINT", mariadb="BIGINT")


@pytest.fixture(params=["sqlite", *SERVERS])
def local(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Engine, str]]:
    """Times without a zone."""
    yield from on_each(request, tmp_path, sqlite="TEXT", postgres="TIMESTAMP", mariadb="DATETIME(6)")


def put(engine: Engine, no: str, changed: object, label: str = "x") -> None:
    with engine.begin() as tx:
        tx.execute(text("DELETE FROM items WHERE no = :no"), {"no": no})
        tx.execute(
            text("INSERT INTO items VALUES (:no, :label, :changed)"),
            {"no": no, "label": label, "changed": changed},
        )


def read(database: ForeignDatabase, since: Watermark) -> tuple[list[str], Watermark]:
    found: list[str] = []
    for page in database.pages("products", since, lambda name: name):
        found += [row["product_id"] for row in page.rows]
        since = page.watermark
    return found, since


def test_each_change_is_read_once(foreign) -> None:
    engine, url = foreign
    database = opened(url, MAPPING)
    put(engine, "a", 100)
    put(engine, "b", 100)
    found, mark = read(database, Watermark())
    assert (found, mark) == (["a", "b"], Watermark(100_000_000, "b"))
    assert read(database, mark) == ([], mark)
    put(engine, "a", 101, "new")
    assert read(database, mark)[0] == ["a"]


def test_equal_times_and_late_commits_are_not_lost(foreign) -> None:
    engine, url = foreign
    database = opened(url, MAPPING)
    put(engine, "m", 100)
    _, mark = read(database, Watermark())
    put(engine, "a", 100)  # the same second, a smaller key
    put(engine, "z", 93)  # an older time, committed later, within the overlap
    found, later = read(database, mark)
    assert found == ["z", "a"]
    assert later == mark


def test_a_new_process_reads_the_overlap_again_and_nothing_before(foreign) -> None:
    engine, url = foreign
    for second in range(80, 101):
        put(engine, f"n{second}", second)
    _, mark = read(opened(url, MAPPING), Watermark())
    found, _ = read(opened(url, MAPPING), mark)
    assert found == [f"n{second}" for second in range(90, 101)]


def test_a_row_without_a_product_is_kept_with_an_empty_one(foreign) -> None:
    engine, url = foreign
    with engine.begin() as tx:
        tx.execute(text("INSERT INTO items VALUES ('a', NULL, 100)"))
    entity = MAPPING.entities["products"].model_dump(by_alias=True)
    entity["columns"] = {"product_id": {"column": "label"}, "name": {"column": "no"}}
    other = mapping.Mapping.model_validate({"times": "seconds", "entities": {"products": entity}})
    assert read(opened(url, other), Watermark())[0] == [""]


def test_nothing_can_be_written(foreign) -> None:
    _, url = foreign
    database = opened(url, MAPPING)
    with database._engine.connect() as connection, pytest.raises(DBAPIError, match=r"(?i)read.?only"):
        connection.execute(text("INSERT INTO items VALUES ('x', 'y', 1)"))
    assert database.read_only
    database.close()


def test_a_changed_table_is_said_and_read_again_once_it_is_mended(foreign) -> None:
    engine, url = foreign
    database = opened(url, MAPPING)
    put(engine, "a", 100)
    with engine.begin() as tx:
        tx.execute(text("ALTER TABLE items RENAME COLUMN label TO title"))
    with pytest.raises(Malformed, match="label"):
        read(database, Watermark())
    with engine.begin() as tx:
        tx.execute(text("ALTER TABLE items RENAME COLUMN title TO label"))
    assert read(database, Watermark())[0] == ["a"]


def test_a_missing_database_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        read(opened(f"sqlite:///{tmp_path / 'none.db'}", MAPPING), Watermark())
    assert not (tmp_path / "none.db").exists()


def test_a_row_of_a_wrong_type_is_given_back_as_bad(loose) -> None:
    engine, url = loose
    put(engine, "a", 100)
    put(engine, "b", "soon")
    pages = list(opened(url, MAPPING).pages("products", Watermark(), lambda name: name))
    assert [row["product_id"] for page in pages for row in page.rows] == ["a"]
    assert [row["no"] for page in pages for row, _ in page.bad] == ["b"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=6), max_size=8))
def test_in_the_end_every_row_was_read_in_its_last_version(tmp_path_factory, rounds) -> None:
    """`changed` falls back by up to 5 seconds: within the overlap of 10."""
    url = f"sqlite:///{tmp_path_factory.mktemp('mes') / 'mes.db'}"
    engine = create_engine(url)
    with engine.begin() as tx:
        tx.execute(text("CREATE TABLE items (no TEXT PRIMARY KEY, label TEXT, changed INTEGER)"))
    database, mark = opened(url, MAPPING), Watermark()
    seen: dict[str, str] = {}
    truth: dict[str, str] = {}
    version = 0
    for clock, changes in enumerate(rounds):
        for key, back in changes:
            version += 1
            # A row changed twice carries a time of its own each time, as MES stamps do.
            put(engine, str(key), 100 + clock * 3 - back + version / 1000, str(version))
            truth[str(key)] = str(version)
        for page in database.pages("products", mark, lambda name: name):
            mark = page.watermark
            seen.update({row["product_id"]: row["name"] for row in page.rows})
    assert seen == truth
    engine.dispose()
    database.close()


def test_the_shipped_mappings_fit_the_virtual_mes_and_erp(tmp_path: Path) -> None:
    from simulator.erp import schema as erp
    from simulator.mes import schema as mes

    for file, foreign_schema in (("virtual_mes.yaml", mes), ("virtual_erp.yaml", erp)):
        url = f"sqlite:///{tmp_path / file}.db"
        foreign_schema.metadata.create_all(create_engine(url))
        found = mapping.load(mapping.FOLDER / file)
        database = opened(url, found)
        for entity in found.entities:
            assert list(database.pages(entity, Watermark(), lambda name: name)) == []
        database.close()


def product(name: str) -> str:
    """A mapping of products whose name comes from there."""
    columns = f"{{product_id: b, name: {name}}}"
    return f"entities: {{products: {{table: a, key: b, updated: c, columns: {columns}}}}}"


@pytest.mark.parametrize("named", ["[short, long]", "{column: [short, long]}"])
def test_of_several_columns_the_first_that_is_filled_counts(tmp_path: Path, named: str) -> None:
    path, engine = tmp_path / "m.yaml", create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    path.write_text(product(named))
    names = [(None, "Long"), ("", "Longer"), ("Short", "Long"), (None, None)]
    with engine.begin() as tx:
        tx.exec_driver_sql("CREATE TABLE a (b INTEGER, c INTEGER, short TEXT, long TEXT)")
        rows = [(n, n, *found) for n, found in enumerate(names, 1)]
        tx.exec_driver_sql("INSERT INTO a VALUES (?, ?, ?, ?)", rows)
    database = opened(str(engine.url), mapping.load(path))
    (page,) = database.pages("products", Watermark(), lambda name: name)
    assert [row["name"] for row in page.rows] == ["Long", "Longer", "Short"]
    assert [why for _, why in page.bad] == ["name is empty"]
    database.close()


@pytest.mark.parametrize(
    ("text_", "said"),
    [
        ("entities: [", "no YAML"),
        ("entities: {nonsense: {table: a, key: b, updated: c, columns: {}}}", "nonsense"),
        ("entities: {products: {table: a, key: b, updated: c, columns: {product_id: x}}}", "missing"),
        ("entities: {products: {table: 'a; DROP', key: b, updated: c, columns: {}}}", "table"),
        ("times: fortnights\nentities: {}", "times"),
        ("zone: Atlantis/Capital\nentities: {}", "no time zone"),
        ("notify: 'x; DROP TABLE y'\nentities: {}", "notify"),
        (
            "entities: {products: {table: a, key: b, updated: c, columns: {product_id: b, name: d.n}}}",
            "no join d",
        ),
        (product("[name, e.n]"), "no join e"),
        (product("[]"), "give a column"),
        (product("[a, b, c, d, e]"), "at most 4"),
        (product("[a, a]"), "stands twice in a, a"),
        (product("{column: a, filled: {a: X, b: Y}}"), "give a column"),
        (product("{filled: {a: X}}"), "between two columns"),
        (product("{filled: {a: X, b: Y}, is: number}"), "neither values nor is"),
        (product("{filled: {'a; DROP': X, b: Y}}"), "pattern"),
    ],
)
def test_a_wrong_mapping_is_one_clear_line(tmp_path: Path, text_: str, said: str) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(text_)
    with pytest.raises(SettingsError, match=said) as caught:
        mapping.load(path)
    assert "\n" not in str(caught.value)


def test_a_row_whose_time_cannot_be_read_is_set_aside_once(loose) -> None:
    engine, url = loose
    put(engine, "a", 1_000_000)
    put(engine, "b", "soon")
    database = opened(url, MAPPING)
    since, bad = Watermark(), list[str]()
    for _ in range(3):
        for page in database.pages("products", since, lambda name: name):
            since, bad = page.watermark, bad + [row["no"] for row, _ in page.bad]
    assert bad == ["b"]


def test_numbers_and_words_like_on_are_values_of_a_column(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(product("{column: a, values: {1: Held, ON: Running}}"))
    assert mapping.load(path).entities["products"].columns["name"].values == {"1": "Held", "ON": "Running"}


@pytest.mark.services
def test_a_document_of_postgresql_is_read_as_a_text(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as tx:
        tx.execute(text("CREATE TABLE items (no TEXT PRIMARY KEY, label JSONB, changed BIGINT)"))
        tx.execute(text("INSERT INTO items VALUES ('a', '{\"size\": 3}', 100)"))
    database = opened(postgres_url, MAPPING)
    assert read(database, Watermark()) == (["a"], Watermark(100_000_000, "a"))
    assert read(database, Watermark(100_000_000, "a"))[0] == []
    database.close()
    engine.dispose()


LOCAL = MAPPING.model_copy(update={"times": "local_timestamps", "zone": "Europe/Berlin"})


def test_local_times_are_of_the_zone_of_the_mapping(local) -> None:
    engine, url = local
    put(engine, "summer", "2026-07-01 12:00:00")
    put(engine, "winter", "2026-12-01 12:00:00.5")
    database = opened(url, LOCAL)
    pages = list(database.pages("products", Watermark(), lambda name: name))
    at = {row["product_id"]: row["updated_us"] for page in pages for row in page.rows}
    assert at == {
        "summer": micros(datetime(2026, 7, 1, 10, tzinfo=UTC)),
        "winter": micros(datetime(2026, 12, 1, 11, 0, 0, 500_000, tzinfo=UTC)),
    }


def test_a_stated_zone_counts_before_that_of_the_mapping(loose) -> None:
    engine, url = loose
    put(engine, "stated", "2026-12-01T12:00:00+00:00")
    (page,) = opened(url, LOCAL).pages("products", Watermark(), lambda name: name)
    assert page.rows[0]["updated_us"] == micros(datetime(2026, 12, 1, 12, tzinfo=UTC))


@pytest.mark.parametrize("restarted", [False, True])
def test_nothing_of_the_hour_that_comes_twice_is_left_out(local, restarted: bool) -> None:
    engine, url = local
    database = opened(url, LOCAL)
    put(engine, "first time", "2026-10-25 02:59:00")
    found, mark = read(database, Watermark())
    assert found == ["first time"]
    put(engine, "second time", "2026-10-25 02:10:00")
    database = opened(url, LOCAL) if restarted else database
    found, mark = read(database, mark)
    assert "second time" in found
    put(engine, "after", "2026-10-25 03:00:30")
    assert read(database, mark)[0] == ["after"]


def test_a_column_with_zones_is_read_beside_local_times(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as tx:
        tx.execute(text("CREATE TABLE items (no TEXT PRIMARY KEY, label TEXT, changed TIMESTAMPTZ)"))
        tx.execute(text("INSERT INTO items VALUES ('a', 'x', '2026-12-01T12:00:00Z')"))
    database = opened(postgres_url, LOCAL)
    found, mark = read(database, Watermark())
    assert (found, mark.updated_us) == (["a"], micros(datetime(2026, 12, 1, 12, tzinfo=UTC)))
    with engine.begin() as tx:
        tx.execute(text("INSERT INTO items VALUES ('b', 'x', '2026-12-01T12:00:05Z')"))
    assert read(database, mark)[0] == ["b"]
    database.close()
    engine.dispose()
