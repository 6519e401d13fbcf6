"""Booked work: lines and machines, orders, who may see what; and the real log against plain pandas."""

import csv
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from auth.permissions import Actor, Role
from data.store import statements
from data.store import tables as t
from domain.clock import DAY, HOUR, Clock, micros, wall_us
from domain.errors import InvalidInput, NotFound
from services.context import Context
from services.queries.booked import BookedQueries
from services.rows.site import SiteRow
from tests import factories as f
from tests.kits import asked

LINE = "north/machining/line-1"
SITE = SiteRow("north", "North", "Europe/Berlin", "EUR")
FOLDER = (
    Path(os.environ.get("TAKTWISE_DATASETS", Path(__file__).resolve().parents[3].parent / "shared/datasets"))
    / "production_log_4tu"
)


def queries(database, now_us, scopes=("north",)):
    actor = Actor("a", "ann", "Ann", frozenset({Role.OPERATOR}), scopes)
    return BookedQueries(Context(database, actor, SITE, Clock(now_us, wall_us(), 1e-9)))


def operation(tx, number, unit, order, begin, end):
    row = {
        "instance": "m", "operation_id": f"{number}", "order_id": order, "equipment_id": unit,
        "product_id": "P", "start_us": begin, "end_us": end, "setup_end_us": None, "updated_us": 1,
    }  # fmt: skip
    tx.execute(t.operations.insert().values(**row))


def checked(tx, number, unit, order, at, good, scrap, rework):
    row = {"instance": "m", "result_id": f"{number}", "equipment_id": unit, "order_id": order, "at_us": at,
           "good": good, "scrap": scrap, "rework": rework, "updated_us": 1}  # fmt: skip
    tx.execute(t.quality_results.insert().values(**row))


@pytest.fixture(params=["database", "postgres"])
def plant(request):
    """Two machines of a line over ten hours; A goes through both, B is on the first and goes on."""
    database = request.getfixturevalue(request.param)
    with database.write() as tx:
        f.site(tx)
        one, two = f.machine(tx, f"{LINE}/unit-1", name="Saw"), f.machine(tx, f"{LINE}/unit-2", name="Mill")
        base = f.NOW - 10 * HOUR
        operation(tx, 1, one, "A", base, base + 4 * HOUR)
        operation(tx, 2, two, "A", base + 2 * HOUR, base + 5 * HOUR)
        operation(tx, 3, one, "B", base + 3 * HOUR, None)
        checked(tx, 1, one, "A", base + 4 * HOUR, 50.0, 2.0, 1.0)
        checked(tx, 2, two, "A", base + 5 * HOUR, 45.0, 3.0, 2.0)
        checked(tx, 3, one, "B", base + 6 * HOUR, -4.0, 1.0, 0.0)
    return database, base


def test_operations_are_found_without_reading_all_that_ever_were(plant, monkeypatch) -> None:
    """On SQLite, whose plan does not hang on how many rows there are."""
    database, _ = plant
    sent = asked.watch(monkeypatch)
    queries(database, f.NOW).view("north", f.NOW - DAY, f.NOW)
    texts = [text for text in sent if "FROM operations" in text]
    assert len(texts) == 2
    if not database.is_sqlite:
        return
    with database.read() as tx:
        for text in texts:
            names = re.findall(r"(?<!:):(\w+)", text)
            values = {name: "[]" if "json_each(:" + name in text else 1 for name in names}
            plan = [row[-1] for row in statements.ask(tx, f"EXPLAIN QUERY PLAN {text}", values)]
            assert not [step for step in plan if step in ("SCAN operations", "SCAN o")], plan


def test_machines_of_a_line(plant):
    database, base = plant
    view = queries(database, f.NOW).view(LINE, base, base + DAY)
    saw, mill = view.resources
    assert (view.level, [r.name for r in view.resources]) == ("line", ["Saw", "Mill"])
    # A and B share an hour on the saw: it counts once, and the stretch has come ten hours far
    assert saw.figures.availability == pytest.approx(10 / 10) and saw.orders == 2
    assert mill.figures.availability == pytest.approx(3 / 10) and mill.orders == 1
    assert (mill.figures.scrap_ratio, mill.figures.rework_ratio) == (3 / 48, 2 / 48)
    assert saw.measures.good == 50.0 and mill.figures.throughput_per_hour == pytest.approx(4.8)


def test_a_line_counts_good_parts_once_and_orders_have_their_lead_time(plant):
    database, base = plant
    view = queries(database, f.NOW).view("north", base, base + DAY)
    (line,) = view.resources
    assert (line.level, line.orders, line.measures.good, line.measures.scrap) == ("line", 2, 45.0, 5.0)
    b, a = view.cases
    assert (a.order_id, a.figures.lead_us, b.figures.lead_us) == ("A", 5 * HOUR, 7 * HOUR)
    assert a.figures.allocation_ratio == pytest.approx(7 / 5)  # two machines at once
    assert (a.good, a.scrap, a.rework, b.good) == (45.0, 5.0, 3.0, 0.0)
    later = queries(database, f.NOW).view(f"{LINE}/unit-2", base + 4 * HOUR, base + DAY)
    assert later.resources[0].measures.production_us == HOUR
    assert [(c.order_id, c.figures.lead_us) for c in later.cases] == [("A", 3 * HOUR)]


def test_who_may_not_see_and_what_is_too_long(plant):
    database, base = plant
    elsewhere = queries(database, f.NOW, ("north/forming",))
    with pytest.raises(NotFound):
        elsewhere.view(LINE, base, base + DAY)
    with pytest.raises(InvalidInput, match="31 days"):
        queries(database, f.NOW).view(LINE, base, base + 40 * DAY)


@pytest.mark.parametrize("month", [1, 2, 3])
def test_the_real_log_as_the_screen_shows_it_against_plain_pandas(database, month):
    """Utilisation, throughput, orders and lead times of every resource of the log of a real shop floor."""
    if not FOLDER.exists():
        pytest.skip(f"the log is not there: {FOLDER}")
    with (FOLDER / "cases_started_before_0220.csv").open(encoding="utf-8", newline="") as file:
        log = pd.DataFrame(list(csv.DictReader(file)))
    for name, column in (("at", "start_timestamp"), ("to", "timestamp")):
        log[name] = [
            micros(datetime.strptime(v, "%Y/%m/%d %H:%M:%S").replace(tzinfo=UTC)) for v in log[column]
        ]
    places = {r: f"{LINE}/unit-{k:02d}" for k, r in enumerate(sorted(log["resource"].unique()))}
    first = micros(datetime(2012, month, 1, tzinfo=UTC))
    last = first + 31 * DAY
    with database.write() as tx:
        f.site(tx)
        for resource, unit in places.items():
            f.machine(tx, unit, name=resource)
        for k, row in enumerate(log.itertuples()):
            unit = places[row.resource]
            operation(tx, k, unit, row.case_id, row.at, row.to)
            checked(tx, k, unit, row.case_id, row.to, 1.0, 0.0, 0.0)
    view = queries(database, last + DAY).view(LINE, first, last)

    log["low"], log["high"] = log["at"].clip(lower=first), log["to"].clip(upper=last)
    inside = log[(log["at"] < last) & (log["to"] > first)].sort_values(["resource", "low"])
    before = inside.groupby("resource")["high"].transform(lambda s: s.cummax().shift(fill_value=first))
    alone = (inside["high"] - inside[["low"]].assign(b=before).max(axis=1)).clip(lower=0)
    busy = alone.groupby(inside["resource"]).sum()
    ended = log[(log["to"] > first) & (log["to"] <= last)].groupby("resource").size()
    orders = log[(log["at"] < last) & (log["to"] > first)].groupby("resource")["case_id"].nunique()
    found = {row.name: row for row in view.resources}
    assert set(found) == set(places) and busy.sum() > 0
    for resource, row in found.items():
        assert row.measures.production_us == busy.get(resource, 0)
        assert row.figures.availability == pytest.approx(busy.get(resource, 0) / (last - first))
        assert row.measures.good == ended.get(resource, 0)
        per_hour = ended.get(resource, 0) / ((last - first) / HOUR)
        assert row.figures.throughput_per_hour == pytest.approx(per_hour)
        assert row.orders >= orders.get(resource, 0)  # work without a length counts as worked on, too
    by = log.groupby("case_id")
    lead = (by["to"].max() - by["at"].min()).to_dict()
    assert view.cases
    assert {case.order_id: case.figures.lead_us for case in view.cases} == {
        case.order_id: lead[case.order_id] for case in view.cases
    }
