"""Operations with their settings and parts, as a model learns from them."""

from data.store import tables as t
from domain.clock import DAY, HOUR
from domain.time_model import Span
from models.dataspec import DataSpec
from models.quality.cases import read
from services.process.runs import runs, write_cases
from tests import factories as f
from tests.services.process.kit import FORCE, SPEED, press, ran

WEEK = Span(f.NOW - 7 * DAY, f.NOW)


def test_an_operation_has_its_settings_and_the_parts_of_its_order_on_its_machine(database, tmp_path) -> None:
    with database.write() as tx:
        f.site(tx)
        first, second = press(tx, 21), press(tx, 22)
        ran(tx, first, 1, {FORCE: 431.0, SPEED: 280.0}, set_point=420.0, good=970, scrap=30)
        again = {"result_id": "again", "equipment_id": first, "order_id": "WO-1", "at_us": f.NOW - HOUR}
        tx.execute(
            t.quality_results.insert().values(
                **again, instance="line-2", good=20, scrap=10, rework=0, reinspection=True, updated_us=1
            )
        )  # of the same parts
        ran(tx, second, 1, {FORCE: 415.0, SPEED: 282.0}, good=995, scrap=5)
        ran(tx, first, 2, {FORCE: 425.0}, start_us=f.NOW - 6 * HOUR, product="P-202")
        ran(tx, first, 3, {FORCE: 425.0}, start_us=f.NOW - HOUR, ended=False)
        ran(tx, first, 4, {FORCE: 425.0}, start_us=f.NOW - 8 * DAY)
    with database.read() as tx:
        found = runs(tx, "north", WEEK)
        assert [one.operation.operation for one in found] == ["WO-1-21", "WO-1-22", "WO-2-21"]
        one = found[0]
        assert one.operation.settings == {FORCE: 431.0, SPEED: 280.0} and one.operation.simulated
        assert (one.operation.good, one.operation.bad) == (970, 30)
        assert one.set_points == {FORCE: 420.0, SPEED: 420.0} and one.units[FORCE] == "kN"
        assert [one.operation.operation for one in runs(tx, first, WEEK, "P-202")] == ["WO-2-21"]
        assert runs(tx, "south", WEEK) == []
    written = write_cases(database, "north", WEEK, tmp_path)
    assert (written.operations, written.counted) == (3, 3)
    assert read(DataSpec("plant", tmp_path)) == [one.operation for one in found]


def test_an_operation_that_nobody_inspected_has_no_parts(database) -> None:
    with database.write() as tx:
        f.site(tx)
        ran(tx, press(tx), 1, {FORCE: 431.0}, good=0, scrap=0)
    with database.read() as tx:
        (one,) = runs(tx, "north", WEEK)
    assert one.operation.parts == 0
