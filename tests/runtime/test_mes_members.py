"""A MES joins and leaves while the reader runs, by a file; a wrong file disturbs nobody."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, select

from data.sources import mapping
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import insert_ignore
from domain.errors import SettingsError
from runtime import doctor
from runtime.settings import Settings
from runtime.workers import mes_members, mes_polls
from simulator.erp import schema as erp
from tests.data.sources import tryton
from tests.data.sources.test_mes_tryton import order
from tests.services.score.plant import add_site

PATIENCE_S = 60.0


def mes(folder: Path, name: str, number: int) -> Engine:
    engine = create_engine(f"sqlite:///{folder / name}.db")
    tryton.metadata.create_all(engine)
    add(engine, number)
    return engine


def add(engine: Engine, number: int) -> None:
    with engine.begin() as tx:
        tx.execute(tryton.production.insert(), [order(number)])


class Reader:
    """The reader's thread, on a store of its own; `first` is in its settings."""

    def __init__(self, folder: Path) -> None:
        self.first, self.second = mes(folder, "first", 1), mes(folder, "second", 2)
        self.settings = Settings(
            var_dir=folder,
            database_url=f"sqlite:///{folder / 'store.db'}",
            mes_urls={"first": str(self.first.url)},
            mes_mappings={"first": "tryton"},
        )
        self.database = Database(self.settings.store_url)
        self.database.create_all()
        add_site(self.database, [11])
        aliases = [
            {"source": f"mes:{name}", "external_id": "31", "equipment_id": "north"}
            for name in ("first", "second")
        ]
        with self.database.write() as tx:
            insert_ignore(tx, t.equipment_aliases, aliases)
        self.stop = threading.Event()
        foreign = mes_polls.open_all(self.settings)
        self.thread = threading.Thread(
            target=mes_polls.run, args=(self.settings, foreign, self.stop, 0.2), daemon=True
        )

    def say(self, text: str) -> None:
        """Write the file whole, as an editor does."""
        draft = self.settings.mes_members.with_suffix(".new")
        draft.write_text(text, encoding="utf-8")
        draft.replace(self.settings.mes_members)

    def orders(self) -> set[str]:
        with self.database.read() as tx:
            return set(tx.execute(select(t.orders.c.order_id)).scalars())

    def on_hand(self) -> dict[str, float]:
        with self.database.read() as tx:
            return {row.part_id: row.on_hand for row in tx.execute(select(t.stock))}

    def set_aside(self) -> set[str]:
        with self.database.read() as tx:
            return set(tx.execute(select(t.quarantine.c.record)).scalars())


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    found = Reader(tmp_path)
    found.thread.start()
    yield found
    found.stop.set()
    found.thread.join(PATIENCE_S)
    assert not found.thread.is_alive()
    found.database.close()
    for engine in (found.first, found.second):
        engine.dispose()


def soon(what: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)


def entry(engine: Engine, name: str = "second", mapping: str = "tryton") -> str:
    return f'{name}: {{url: "{engine.url}", mapping: {mapping}}}\n'


def test_a_mes_joins_and_leaves_while_the_reader_runs(reader: Reader, caplog) -> None:
    caplog.set_level(logging.INFO, "taktwise.mes")
    soon(lambda: reader.orders() == {"PR-1"})
    reader.say(entry(reader.second))
    soon(lambda: reader.orders() == {"PR-1", "PR-2"})
    add(reader.second, 3)
    soon(lambda: "PR-3" in reader.orders())
    reader.say("")
    soon(lambda: "second is no longer read" in caplog.text)
    add(reader.second, 4)
    add(reader.first, 5)
    soon(lambda: "PR-5" in reader.orders())  # the others are read on, and what was read stays
    assert reader.orders() == {"PR-1", "PR-2", "PR-3", "PR-5"}


def test_the_stock_of_an_erp_that_joins_is_read(reader: Reader, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'erp.db'}")
    erp.metadata.create_all(engine)
    part = {"part_no": "brg-7", "name": "Bearing 7", "on_hand": 4.0, "reserved": 1.0, "updated_at": 1}
    with engine.begin() as tx:
        tx.execute(
            erp.stock.insert(), [part | {"reorder_at": 1, "lead_time_s": 86_400, "price_cents": 4_900}]
        )
    reader.say(entry(engine, "parts", "virtual_erp"))
    soon(lambda: reader.on_hand() == {"brg-7": 4.0})
    with engine.begin() as tx:
        tx.execute(erp.stock.update().values(on_hand=3.0, updated_at=2))
    soon(lambda: reader.on_hand() == {"brg-7": 3.0})
    soon(lambda: reader.orders() == {"PR-1"})
    engine.dispose()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("second: [", "cannot be read"),
        ("second: {mapping: tryton}", "second.url: Field required"),
        ("second: {url: 'sqlite://', colour: red}", "second.colour: Extra inputs"),
        ("second: {url: 'sqlite:///x.db', mapping: none-such}", "second: "),
        ("first: {url: 'sqlite:///x.db'}", "first is in the settings already"),
    ],
)
def test_a_wrong_file_is_said_and_disturbs_nobody(reader: Reader, caplog, wrong: str, said: str) -> None:
    reader.say(wrong)
    soon(lambda: said in caplog.text)
    add(reader.first, 6)
    soon(lambda: "PR-6" in reader.orders())
    reader.say(entry(reader.second))
    soon(lambda: "PR-2" in reader.orders())


def test_a_mapping_that_is_mended_counts_at_once(reader: Reader, tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.INFO, "taktwise.mes")
    file, shipped = tmp_path / "own.yaml", (mapping.FOLDER / "tryton.yaml").read_text()
    file.write_text(shipped.replace("quantity: {column: quantity", "quantity: {column: state"))
    assert file.read_text() != shipped
    reader.say(entry(reader.second, mapping=str(file)))
    soon(lambda: reader.set_aside() == {"2"})
    file.write_text("entities: [")
    soon(lambda: "by the mapping from before" in caplog.text)
    file.write_text(shipped)
    soon(lambda: "PR-2" in reader.orders())
    soon(lambda: reader.set_aside() == set())


@pytest.mark.loopback
def test_the_doctor_tries_who_joined(reader: Reader) -> None:
    reader.say(entry(reader.second))
    rows = {row["check"]: row for row in doctor.run(reader.settings)}
    assert rows["database second"]["ok"]
    reader.say(entry(reader.second, mapping="virtual_mes"))
    rows = {row["check"]: row for row in doctor.run(reader.settings)}
    assert not rows["database second"]["ok"]


def test_a_file_has_bounds(tmp_path: Path) -> None:
    file = tmp_path / "mes.yaml"
    assert mes_members.read(file) == {}
    file.write_text("".join(f"m{n}: {{url: 'sqlite://'}}\n" for n in range(65)))
    with pytest.raises(SettingsError, match="65 databases"):
        mes_members.read(file)
